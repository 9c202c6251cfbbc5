-- Users of Salesforce, from the day on which they were added.
-- Left out: integrations and guests.
select
    id as employee_id,
    name as display_name,
    department as unit,
    managerid as manager_id,
    createddate as valid_from,
    'salesforce' as source_system,
    _file,
    _line
from {{ export('salesforce/User*', text=true, latest='Id', columns=['Department', 'ManagerId', 'UserType']) }}
-- Integrations and guests are users too.
where coalesce(usertype, 'Standard') = 'Standard'
