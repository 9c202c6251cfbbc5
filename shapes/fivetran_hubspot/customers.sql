-- Contacts of HubSpot as Fivetran lands them that are customers. Other tools know them by the property `customer_id`.
-- Left out: contacts who are not customers or are deleted, and further people of an account.
select
    coalesce(property_customer_id, id) as customer_id,
    coalesce(property_company, nullif(concat_ws(' ', property_firstname, property_lastname), '')) as display_name,
    property_createdate as registered_at,
    property_country as region,
    property_city as city,
    'hubspot' as source_system,
    _file,
    _line
from {{ export('fivetran_hubspot/contact/*', text=true, latest='id', columns=[
    '_fivetran_deleted', 'property_city', 'property_company', 'property_country', 'property_customer_id',
    'property_firstname', 'property_hubspot_owner_assigneddate', 'property_hubspot_owner_id',
    'property_lastname', 'property_lifecyclestage'
]) }}
where (property_customer_id is not null or property_lifecyclestage in ('customer', 'evangelist'))
    and coalesce(_fivetran_deleted, 'false') = 'false'
-- Several people of one account: the first of them registered it.
qualify row_number() over (partition by coalesce(property_customer_id, id) order by property_createdate, id) = 1
