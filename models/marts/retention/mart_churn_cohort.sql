-- Customers by the month in which they began, followed month by month: active, churned, reactivated, and their revenue.
with months as (
    select
        *,
        {{ period_number('month', 'month_date') }} as month_number
    from {{ ref('dim_months') }}
),

happenings as (
    select
        customer_id,
        month_date,
        1 as active_count,
        0 as churned_count,
        0 as opening_churned_count,
        0 as first_churned_count,
        0 as reactivated_count,
        converted_mrr as mrr,
        case when is_unconverted then 1 else 0 end as unconverted_count
    from {{ ref('dim_customer_month_end') }}
    union all
    select
        customer_id,
        churned_month as month_date,
        0 as active_count,
        1 as churned_count,
        -- A customer who joined and churned within the month was not there when it began.
        case when started_date < churned_month then 1 else 0 end as opening_churned_count,
        case when tenure_number = 1 then 1 else 0 end as first_churned_count,
        0 as reactivated_count,
        cast(null as decimal(18, 6)) as mrr,
        0 as unconverted_count
    from {{ ref('fct_churn_events') }}
    union all
    select
        customer_id,
        {{ period_start('month', 'started_date') }} as month_date,
        0 as active_count,
        0 as churned_count,
        0 as opening_churned_count,
        0 as first_churned_count,
        1 as reactivated_count,
        cast(null as decimal(18, 6)) as mrr,
        0 as unconverted_count
    from {{ ref('customer_tenures') }}
    where tenure_number > 1
),

broken_down as (
    {{ breakdowns_with_attributes(
        ref('int_retention__lifetimes'), lifetime_dimensions(), 'started_date', customer='source_customer_id'
    ) }}
),

counted as (
    select
        broken_down.dimension_name,
        broken_down.dimension_value,
        broken_down.started_month,
        happenings.month_date,
        sum(happenings.active_count) as active_count,
        sum(happenings.churned_count) as churned_count,
        sum(happenings.opening_churned_count) as opening_churned_count,
        sum(happenings.first_churned_count) as first_churned_count,
        sum(happenings.reactivated_count) as reactivated_count,
        -- Unknown, not 0, when nothing of it has a rate.
        case
            when sum(happenings.unconverted_count) = 0 or sum(happenings.mrr) > 0 then coalesce(sum(happenings.mrr), 0)
        end as mrr,
        sum(happenings.unconverted_count) as unconverted_count
    from happenings
    inner join broken_down
        on happenings.customer_id = broken_down.customer_id
    group by
        broken_down.dimension_name, broken_down.dimension_value, broken_down.started_month, happenings.month_date
),

cohorts as (
    select
        dimension_name,
        dimension_value,
        started_month,
        count(*) as cohort_size_count,
        count(case when is_truncated then 1 end) as truncated_count,
        {{ period_number('month', 'started_month') }} as started_number
    from broken_down
    group by dimension_name, dimension_value, started_month
),

followed as (
    select
        cohorts.*,
        months.month_date,
        months.is_final,
        months.is_observed,
        months.month_number - cohorts.started_number as months_since,
        -- Before churn is observed only the customers who stayed are known.
        case when months.is_observed then cohorts.cohort_size_count end as observed_size_count,
        coalesce(counted.active_count, 0) as active_end_count,
        coalesce(counted.churned_count, 0) as churned_count,
        coalesce(counted.opening_churned_count, 0) as opening_churned_count,
        coalesce(counted.reactivated_count, 0) as reactivated_count,
        coalesce(counted.unconverted_count, 0) as unconverted_count,
        case when counted.month_date is null then 0 else counted.mrr end as mrr_end,
        coalesce(lag(counted.active_count) over cohort_months, 0) as active_start_count,
        lag(case when counted.month_date is null then 0 else counted.mrr end, 1, 0) over cohort_months as mrr_start,
        sum(coalesce(counted.first_churned_count, 0)) over cohort_months as ever_churned_count,
        max(case
            when months.month_number <> cohorts.started_number then null
            when counted.month_date is null then 0
            else counted.mrr
        end) over cohort_months as mrr_base
    from cohorts
    inner join months
        on cohorts.started_month <= months.month_date
    left join counted
        on cohorts.dimension_name = counted.dimension_name
        and cohorts.dimension_value = counted.dimension_value
        and cohorts.started_month = counted.started_month
        and months.month_date = counted.month_date
    window cohort_months as (
        partition by cohorts.dimension_name, cohorts.dimension_value, cohorts.started_month
        order by months.month_date
    )
)

select
    dimension_name,
    dimension_value,
    cast(months_since as bigint) as months_since_start_count,
    cast(cohort_size_count as bigint) as cohort_size_count,
    cast(active_start_count as bigint) as active_start_count,
    cast(churned_count as bigint) as churned_count,
    cast(reactivated_count as bigint) as reactivated_count,
    cast(active_end_count as bigint) as active_end_count,
    cast(active_end_count as bigint) as retained_num,
    cast(observed_size_count as bigint) as retained_den,
    {{ pct('active_end_count', 'observed_size_count') }} as retained_pct,
    {{ wilson_pct('active_end_count', 'observed_size_count', 'lo') }} as retained_ci_lo,
    {{ wilson_pct('active_end_count', 'observed_size_count', 'hi') }} as retained_ci_hi,
    cast(opening_churned_count as bigint) as period_churn_num,
    cast(case when is_observed then active_start_count end as bigint) as period_churn_den,
    {{ pct('opening_churned_count', 'case when is_observed then active_start_count end') }} as period_churn_pct,
    cast(ever_churned_count as bigint) as ever_churned_num,
    cast(observed_size_count as bigint) as ever_churned_den,
    {{ pct('ever_churned_count', 'observed_size_count') }} as ever_churned_pct,
    cast(unconverted_count as bigint) as unconverted_count,
    cast(mrr_start as decimal(18, 2)) as mrr_start_amount,
    cast(mrr_end as decimal(18, 2)) as mrr_end_amount,
    cast(mrr_base as decimal(18, 2)) as mrr_base_amount,
    {{ pct('mrr_end', 'case when is_observed then mrr_base end') }} as net_revenue_retention_pct,
    is_final and unconverted_count = 0 as is_complete,
    {{ is_reliable('cohort_size_count') }} as is_reliable,
    truncated_count > 0 as is_truncated,
    started_month as cohort_month,
    month_date as observed_month
from followed
