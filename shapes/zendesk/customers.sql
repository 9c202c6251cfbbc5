-- End users of Zendesk. The id that your other tools know is their `external_id`.
-- Left out: agents and admins.
select
    coalesce(external_id, id) as customer_id,
    name as display_name,
    created_at as registered_at,
    'zendesk' as source_system,
    _file,
    _line
from {{ export('zendesk/users*', text=true, rows='users', latest='id', columns=['external_id', 'name', 'role']) }}
where role = 'end-user'
