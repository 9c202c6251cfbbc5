-- Users of Intercom. The id that your other tools know is their `external_id`. Leads have no account yet.
-- Left out: leads.
select
    coalesce(external_id, id) as customer_id,
    name as display_name,
    unix_moment(coalesce(signed_up_at, created_at)) as registered_at,
    location ->> 'country' as region,
    location ->> 'city' as city,
    'intercom' as source_system,
    _file,
    _line
from {{ export('intercom/contacts*.json*', rows='data', latest='id',
               columns=['external_id', 'location', 'name', 'role', 'signed_up_at']) }}
where role = 'user'
