{{ config(materialized='view') }}
-- The same for employee rows that newer versions replaced.
select
    contacts.customer_id,
    employees.load_id,
    employees.superseded_load_id
from {{ ref('stg_crm__employees__superseded') }} as employees
inner join {{ ref('stg_crm__contacts') }} as contacts
    on employees.employee_id = contacts.employee_id
