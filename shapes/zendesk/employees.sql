-- Agents of Zendesk, from the day on which they were added.
-- Left out: end users.
select
    id as employee_id,
    name as display_name,
    'support' as team,
    cast(cast(created_at as timestamptz) as date) as valid_from,
    'zendesk' as source_system,
    _file,
    _line
from {{ export('zendesk/users*', text=true, rows='users', latest='id', columns=['external_id', 'name', 'role']) }}
where role in ('agent', 'admin')
