-- Only the columns from which incremental models find the customers and days of a superseded row.
select
    customer_id,
    _load_id as load_id,
    _superseded_load_id as superseded_load_id,
    {{ business_date(utc_moment('paid_at')) }} as paid_date
from {{ loaded(source('superseded', 'payments')) }}
