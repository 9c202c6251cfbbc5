-- Prevents customers without a status or band, and marts with a different risk group: each dimension counts everybody
-- with access once, and every mart closes with the risk group of the business day.
with counts as (
    select
        count(*) as customers_count,
        count(case when is_in_risk_group then 1 end) as risk_group_count,
        count(case when is_in_risk_group and is_paying then 1 end) as paying_count
    from {{ ref('mart_usage_health') }}
),

summed as (
    select
        dimension_name as summary_name,
        sum(access_num) as customers_count,
        sum(access_risk_group_count) as risk_group_count
    from {{ ref('mart_usage_health_summary') }}
    where snapshot_date = (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
    group by dimension_name
),

-- The month of the business day, which has no rows when no events are recorded.
closings as (
    select
        coalesce(sum(closing_count), 0) as closing_count,
        coalesce(sum(closing_paying_count), 0) as closing_paying_count
    from {{ ref('mart_risk_group_kpi') }}
    where employee_id <> 'all'
        and risk_month = (
            select {{ period_start('month', 'run_context.as_of_date') }} from {{ ref('run_context') }} as run_context
        )
)

select
    summed.summary_name,
    summed.customers_count,
    counts.customers_count as expected_count
from summed
cross join counts
where summed.customers_count <> counts.customers_count
union all
select
    'risk group by ' || summed.summary_name as summary_name,
    summed.risk_group_count as customers_count,
    counts.risk_group_count as expected_count
from summed
cross join counts
where summed.risk_group_count <> counts.risk_group_count
union all
select
    'risk group by account manager' as summary_name,
    closings.closing_count as customers_count,
    counts.risk_group_count as expected_count
from closings
cross join counts
where closings.closing_count <> counts.risk_group_count
union all
select
    'paying risk group by account manager' as summary_name,
    closings.closing_paying_count as customers_count,
    counts.paying_count as expected_count
from closings
cross join counts
where closings.closing_paying_count <> counts.paying_count
