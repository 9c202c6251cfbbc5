-- Contacts of HubSpot that are customers. The id that your other tools know is the property `customer_id`.
-- Left out: contacts who are not customers, and further people of an account.
select
    coalesce(properties ->> 'customer_id', id) as customer_id,
    coalesce(
        properties ->> 'company', nullif(concat_ws(' ', properties ->> 'firstname', properties ->> 'lastname'), '')
    ) as display_name,
    unix_moment(properties ->> 'createdate') as registered_at,
    properties ->> 'country' as region,
    properties ->> 'city' as city,
    'hubspot' as source_system,
    _file,
    _line
from {{ export('hubspot/contacts*', text=true, rows='results', latest='id') }}
where (properties ->> 'customer_id') is not null or (properties ->> 'lifecyclestage') in ('customer', 'evangelist')
-- Several people of one account: the first of them registered it.
qualify row_number() over (
        partition by coalesce(properties ->> 'customer_id', id) order by properties ->> 'createdate', id
    ) = 1
