-- Owners of HubSpot contacts that are customers, as Fivetran lands them, since they were assigned.
-- Left out: contacts without an owner, who are not customers or are deleted, and further people of an account.
select
    coalesce(property_customer_id, id) as customer_id,
    'account_manager' as role,
    property_hubspot_owner_id as employee_id,
    coalesce(property_hubspot_owner_assigneddate, property_createdate) as valid_from,
    'hubspot' as source_system,
    _file,
    _line
from {{ export('fivetran_hubspot/contact/*', text=true, latest='id', columns=[
    '_fivetran_deleted', 'property_city', 'property_company', 'property_country', 'property_customer_id',
    'property_firstname', 'property_hubspot_owner_assigneddate', 'property_hubspot_owner_id',
    'property_lastname', 'property_lifecyclestage'
]) }}
where property_hubspot_owner_id is not null
    and (property_customer_id is not null or property_lifecyclestage in ('customer', 'evangelist'))
    and coalesce(_fivetran_deleted, 'false') = 'false'
-- Several people of one account: the owner of the first counts.
qualify row_number() over (partition by coalesce(property_customer_id, id) order by property_createdate, id) = 1
