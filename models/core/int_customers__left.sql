{{ config(materialized='view') }}
-- Who is gone as of the day. What somebody was on a day of the past, and who ever left, other models tell.
select
    customer_id,
    left_date
from {{ ref('int_customers__absences') }}
where returned_date is null
