-- End users of Zendesk as dlt lands them. The id that your other tools know is their `external_id`.
-- Left out: agents and admins.
select
    coalesce(external_id, id) as customer_id,
    name as display_name,
    created_at as registered_at,
    'zendesk' as source_system,
    _file,
    _line
from {{ export('dlt_zendesk/users/*', text=true, latest='id', columns=['external_id', 'name', 'role']) }}
where role = 'end-user'
