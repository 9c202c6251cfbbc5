-- Only what the materialization `touched` needs to find the customers and days that a displaced event had touched.
select
    customer_id,
    event_name,
    _load_id as load_id,
    _superseded_load_id as superseded_load_id,
    {{ business_date(utc_moment('occurred_at')) }} as occurred_date,
    occurred_at as occurred_at_utc
from {{ source('superseded', 'events') }}
