-- Only what the materialization `touched` needs to find the employees whose own row has changed.
select
    employee_id,
    _load_id as load_id,
    _superseded_load_id as superseded_load_id
from {{ source('superseded', 'employees') }}
