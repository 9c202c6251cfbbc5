-- Prevents a gap between accounts and customers: loaded accounts = customers + those excluded for a published reason.
with accounts as (
    select
        current_rows_count,
        excluded_rows_count
    from {{ ref('mart_raw_accounting') }}
    where table_name = 'customers'
        and uncounted_reasons = 'all'
),

counted as (
    select count(*) as counted_count from {{ ref('dim_customers') }}
)

select
    accounts.current_rows_count,
    accounts.excluded_rows_count,
    counted.counted_count
from accounts
cross join counted
where accounts.current_rows_count <> accounts.excluded_rows_count + counted.counted_count
