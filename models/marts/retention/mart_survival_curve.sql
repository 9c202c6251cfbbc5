-- Kaplan-Meier with late entry: who was a customer before the data begin is at risk from the day they are seen on.
with exposures as (
    select
        segment_code,
        plan_code,
        acquisition_channel,
        region,
        {{ days_between('started_date', 'seen_from_date') }} as entered_days,
        {{ days_between('started_date', 'coalesce(churned_date, last_final_date)') }} as exited_days,
        case when churned_date is not null then 1 else 0 end as churned_count
    from {{ ref('int_retention__lifetimes') }}
    where coalesce(churned_date, last_final_date) > seen_from_date
),

steps as (
    select
        segment_code,
        plan_code,
        acquisition_channel,
        region,
        entered_days as day_number,
        1 as entered,
        0 as exited,
        0 as churned
    from exposures
    union all
    select
        segment_code,
        plan_code,
        acquisition_channel,
        region,
        exited_days as day_number,
        0 as entered,
        1 as exited,
        churned_count as churned
    from exposures
),

per_day as (
    select
        {{ breakdown_columns(lifetime_dimensions()) }},
        day_number,
        sum(entered) as entered,
        sum(exited) as exited,
        sum(churned) as churned
    from steps
    group by {{ breakdown_sets(lifetime_dimensions(), ['day_number']) }}
),

at_risk as (
    select
        *,
        coalesce(sum(entered - exited) over earlier_days, 0) as at_risk_count,
        sum(churned) over (
            partition by dimension_name, dimension_value
            order by day_number
            rows between unbounded preceding and current row
        ) as churned_to_date_count
    from per_day
    window earlier_days as (
        partition by dimension_name, dimension_value
        order by day_number
        rows between unbounded preceding and 1 preceding
    )
),

logged as (
    select
        *,
        case when churned < at_risk_count then ln(1.0 - 1.0 * churned / at_risk_count) end as log_step,
        case when churned < at_risk_count then 1.0 * churned / (1.0 * at_risk_count * (at_risk_count - churned)) end
            as greenwood_step
    from at_risk
    where churned > 0
),

survival as (
    select
        *,
        -- Once all at risk have left it stays at zero, whoever is seen later.
        max(case when churned = at_risk_count then 1 else 0 end) over running_days = 1 as is_zero,
        sum(log_step) over running_days as log_survival,
        sum(greenwood_step) over running_days as greenwood
    from logged
    window running_days as (
        partition by dimension_name, dimension_value
        order by day_number
        rows between unbounded preceding and current row
    )
)

select
    dimension_name,
    dimension_value,
    cast(day_number as bigint) as days_from_start,
    cast(at_risk_count as bigint) as at_risk_count,
    cast(churned as bigint) as churned_count,
    cast(churned_to_date_count as bigint) as churned_to_date_count,
    case when is_zero then 0.0 else {{ survival_pct('log_survival') }} end as surviving_pct,
    case
        when not is_zero then {{ loglog_bound_pct('log_survival', 'greenwood', 'lo') }}
    end as surviving_ci_lo,
    case
        when not is_zero then {{ loglog_bound_pct('log_survival', 'greenwood', 'hi') }}
    end as surviving_ci_hi,
    {{ is_reliable('at_risk_count') }} as is_reliable
from survival
