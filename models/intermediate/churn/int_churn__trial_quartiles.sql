{{ config(materialized=inlined('view')) }}
-- Days from the start of a trial by which a quarter, half and three quarters of a cohort pay, after Kaplan and Meier:
-- trials without a conversion stay in the number at risk as long as they are followed.
with broken_down as (
    {{ breakdowns_with_attributes(
        ref('int_churn__trials'), lifetime_dimensions(), 'started_date', customer='source_customer_id'
    ) }}
),

counted as (
    select
        dimension_name,
        dimension_value,
        started_month,
        observed_days,
        count(*) as observed_count,
        count(paid_date) as converted_count
    from broken_down
    group by started_month, observed_days, dimension_name, dimension_value
),

cohorts as (
    select * from counted
    union all
    select
        dimension_name,
        dimension_value,
        cast(null as date) as started_month,
        observed_days,
        sum(observed_count) as observed_count,
        sum(converted_count) as converted_count
    from counted
    group by dimension_name, dimension_value, observed_days
),

at_risk as (
    select
        *,
        sum(observed_count) over (
            partition by dimension_name, dimension_value, started_month
            order by observed_days desc
            rows between unbounded preceding and current row
        ) as at_risk_count
    from cohorts
),

curves as (
    select
        *,
        max(case when converted_count = at_risk_count then 1 else 0 end) over running_days = 1 as is_zero,
        sum(case when converted_count < at_risk_count then ln(1.0 - 1.0 * converted_count / at_risk_count) else 0 end)
            over running_days as log_unpaid
    from at_risk
    window running_days as (
        partition by dimension_name, dimension_value, started_month
        order by observed_days
        rows between unbounded preceding and current row
    )
),

shares as (
    select
        *,
        case when is_zero then 100.0 else {{ rounded('100.0 * (1.0 - exp(log_unpaid))', 9) }} end as paid_pct
    from curves
)

select
    dimension_name,
    dimension_value,
    case
        when started_month is null then 'all'
        else substring(cast(started_month as {{ dbt.type_string() }}), 1, 7)
    end as cohort_label,
    min(case when paid_pct >= 25.0 then observed_days end) as p25_days,
    min(case when paid_pct >= 50.0 then observed_days end) as median_days,
    min(case when paid_pct >= 75.0 then observed_days end) as p75_days
from shares
group by dimension_name, dimension_value, started_month
