-- Only what the materialization `touched` needs to find the customers and days that a displaced payment had touched.
select
    customer_id,
    _load_id as load_id,
    _superseded_load_id as superseded_load_id,
    {{ business_date(utc_moment('paid_at')) }} as paid_date
from {{ source('superseded', 'payments') }}
