-- Contacts of HubSpot as dlt lands them that are customers. Other tools know them by the property `customer_id`.
-- Left out: contacts who are not customers, and further people of an account.
select
    coalesce(customer_id, id) as customer_id,
    coalesce(company, nullif(concat_ws(' ', firstname, lastname), '')) as display_name,
    createdate as registered_at,
    country as region,
    city,
    'hubspot' as source_system,
    _file,
    _line
from {{ export('dlt_hubspot/contacts/*', text=true, latest='id', columns=[
    'city', 'company', 'country', 'customer_id', 'firstname', 'hubspot_owner_assigneddate',
    'hubspot_owner_id', 'lastname', 'lifecyclestage'
]) }}
where (customer_id is not null or lifecyclestage in ('customer', 'evangelist'))
-- Several people of one account: the first of them registered it.
qualify row_number() over (partition by coalesce(customer_id, id) order by createdate, id) = 1
