-- Agents of Zendesk as Fivetran lands them, from the day on which they were added.
-- Left out: end users.
select
    id as employee_id,
    name as display_name,
    'support' as team,
    created_at as valid_from,
    'zendesk' as source_system,
    _file,
    _line
from {{ export('fivetran_zendesk/user/*', text=true, latest='id', columns=['external_id', 'name']) }}
where role in ('agent', 'admin')
