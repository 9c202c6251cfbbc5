-- Prevents customers that fall between the statuses or the bands: both summaries must count whoever is present, once.
{{ config(meta={'dagster': {'ref': {'name': 'mart_usage_health_summary'}}}) }}
with counts as (
    select count(*) as customers_count
    from {{ ref('mart_usage_health') }}
),

summed as (
    select
        'status' as summary_name,
        sum(customers_num) as customers_count
    from {{ ref('mart_usage_health_summary') }}
    where snapshot_date = (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
    union all
    select
        'band' as summary_name,
        sum(customers_num) as customers_count
    from {{ ref('mart_usage_recency') }}
    where snapshot_date = (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
)

select
    summed.summary_name,
    summed.customers_count,
    counts.customers_count as present_count
from summed
cross join counts
where summed.customers_count <> counts.customers_count
