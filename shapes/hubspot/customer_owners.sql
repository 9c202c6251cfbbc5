-- Owners of HubSpot contacts that are customers, since they were assigned.
-- Left out: contacts without an owner, contacts who are not customers, and further people of an account.
select
    coalesce(properties ->> 'customer_id', id) as customer_id,
    'account_manager' as role,
    properties ->> 'hubspot_owner_id' as employee_id,
    unix_moment(coalesce(properties ->> 'hubspot_owner_assigneddate', properties ->> 'createdate')) as valid_from,
    'hubspot' as source_system,
    _file,
    _line
from {{ export('hubspot/contacts*', text=true, rows='results', latest='id') }}
where (properties ->> 'hubspot_owner_id') is not null
    and ((properties ->> 'customer_id') is not null or (properties ->> 'lifecyclestage') in ('customer', 'evangelist'))
-- Several people of one account: the owner of the first counts.
qualify row_number() over (
        partition by coalesce(properties ->> 'customer_id', id) order by properties ->> 'createdate', id
    ) = 1
