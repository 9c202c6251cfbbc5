{{ config(materialized='view') }}
-- Which customers a row of an employee concerns: whoever they contacted. Only for the materialization `touched`, to
-- find the contacts whose team it may change.
select
    contacts.customer_id,
    employees.valid_from,
    employees.load_id
from {{ ref('stg_crm__employees') }} as employees
inner join {{ ref('stg_crm__contacts') }} as contacts
    on employees.employee_id = contacts.employee_id
