-- Only the columns from which incremental models find the customers and days of a superseded row.
select
    customer_id,
    event_name,
    _load_id as load_id,
    _superseded_load_id as superseded_load_id,
    {{ business_date(utc_moment('occurred_at')) }} as occurred_date,
    occurred_at as occurred_at_utc
from {{ loaded(source('superseded', 'events')) }}
