-- The columns from which incremental models find the customers of a superseded row, and those of a request to cancel:
-- when it is taken back, only an earlier version has it.
select
    period_id,
    customer_id,
    _load_id as load_id,
    _superseded_load_id as superseded_load_id,
    {{ utc_moment('cancel_requested_at') }} as cancel_requested_at,
    {{ utc_moment('ingested_at') }} as written_at
from {{ loaded(source('superseded', 'subscription_periods')) }}
