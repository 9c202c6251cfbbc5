-- Prevents a gap between "registered" and "counted": accounts = customers + accounts excluded by a published rule.
with excluded as (
    select
        max(registered_customers_count) as registered_count,
        sum(excluded_customers_count) as excluded_count
    from {{ ref('mart_excluded_customers') }}
),

counted as (
    select count(*) as counted_count from {{ ref('dim_customers') }}
)

select
    excluded.registered_count,
    excluded.excluded_count,
    counted.counted_count
from excluded
cross join counted
where excluded.registered_count <> excluded.excluded_count + counted.counted_count
