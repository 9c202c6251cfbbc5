-- Months of contract that were lived through, counted from the day it began: how many could leave in the N-th, and did.
with contracts as (
    select
        segment_code,
        plan_code,
        acquisition_channel,
        region,
        {{ complete_months('started_date', 'last_final_date') }} as last_period,
        -- A month that had begun before the data is seen in part: it is nobody's.
        case
            when seen_from_date > started_date then {{ begun_months('started_date', 'seen_from_date') }} + 1
            else 1
        end as first_period,
        case when churned_date is not null then {{ begun_months('started_date', 'churned_date') }} end as churned_period
    from {{ ref('int_retention__lifetimes') }}
    where basis = 'contract'
        and seen_from_date is not null
        and (churned_date is null or churned_date > seen_from_date)
),

lived as (
    select
        *,
        least(last_period, coalesce(churned_period, last_period)) as until_period
    from contracts
    where first_period <= least(last_period, coalesce(churned_period, last_period))
),

steps as (
    select
        segment_code,
        plan_code,
        acquisition_channel,
        region,
        first_period as period_number,
        1 as entered,
        0 as churned_count
    from lived
    union all
    select
        segment_code,
        plan_code,
        acquisition_channel,
        region,
        until_period + 1 as period_number,
        -1 as entered,
        0 as churned_count
    from lived
    union all
    select
        segment_code,
        plan_code,
        acquisition_channel,
        region,
        until_period as period_number,
        0 as entered,
        1 as churned_count
    from lived
    where churned_period = until_period
),

cuts as (
    select
        {{ breakdown_columns(lifetime_dimensions()) }},
        period_number,
        sum(entered) as entered,
        sum(churned_count) as churned_count
    from steps
    group by {{ breakdown_sets(lifetime_dimensions(), ['period_number']) }}
)

select
    dimension_name,
    dimension_value,
    cast(period_number as integer) as period_number,
    cast(sum(entered) over (
        partition by dimension_name, dimension_value
        order by period_number
        rows between unbounded preceding and current row
    ) as bigint) as at_risk_count,
    cast(churned_count as bigint) as churned_count
from cuts
