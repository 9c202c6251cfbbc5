-- Only the columns from which incremental models find the customers of a superseded row.
select
    customer_id,
    _load_id as load_id,
    _superseded_load_id as superseded_load_id
from {{ loaded(source('superseded', 'customer_owners')) }}
