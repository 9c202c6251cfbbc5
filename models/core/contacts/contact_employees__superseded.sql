{{ config(materialized='view') }}
-- The same for rows of employees that newer versions displaced.
select
    contacts.customer_id,
    employees.load_id,
    employees.superseded_load_id
from {{ ref('stg_crm__employees__superseded') }} as employees
inner join {{ ref('stg_crm__contacts') }} as contacts
    on employees.employee_id = contacts.employee_id
