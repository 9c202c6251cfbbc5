-- Only what the materialization `touched` needs to find the customers and days that a displaced event had touched.
select
    customer_id,
    event_name,
    _load_id as load_id,
    _superseded_load_id as superseded_load_id,
    cast({{ business_time('occurred_at') }} as date) as occurred_date,
    occurred_at as occurred_at_utc
from {{ source('superseded', 'events') }}
