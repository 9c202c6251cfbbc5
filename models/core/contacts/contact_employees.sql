{{ config(materialized='view') }}
-- Maps an employee to the customers they contacted, so that the incremental build of contacts finds the rows whose
-- team changes with the employee.
select
    contacts.customer_id,
    employees.valid_from,
    employees.load_id
from {{ ref('stg_crm__employees') }} as employees
inner join {{ ref('stg_crm__contacts') }} as contacts
    on employees.employee_id = contacts.employee_id
