{{ config(materialized='view') }}
-- Names are for readers, so the newest one counts, whatever the day that a row describes.
with versions as (
    select
        employee_id,
        display_name,
        row_number() over (partition by employee_id order by valid_from desc) as choice
    from {{ ref('stg_crm__employees') }}
    where display_name is not null
)

select
    employee_id,
    display_name
from versions
where choice = 1
