-- Owners of HubSpot contacts that are customers, as dlt lands them, since they were assigned.
-- Left out: contacts without an owner, contacts who are not customers, and further people of an account.
select
    coalesce(customer_id, id) as customer_id,
    'account_manager' as role,
    hubspot_owner_id as employee_id,
    coalesce(hubspot_owner_assigneddate, createdate) as valid_from,
    'hubspot' as source_system,
    _file,
    _line
from {{ export('dlt_hubspot/contacts/*', text=true, latest='id', columns=[
    'city', 'company', 'country', 'customer_id', 'firstname', 'hubspot_owner_assigneddate',
    'hubspot_owner_id', 'lastname', 'lifecyclestage'
]) }}
where hubspot_owner_id is not null
    and (customer_id is not null or lifecyclestage in ('customer', 'evangelist'))
-- Several people of one account: the owner of the first counts.
qualify row_number() over (partition by coalesce(customer_id, id) order by createdate, id) = 1
