-- Prevents a churn cohort that loses or duplicates a customer: at every month end the cohorts together contain all
-- customers.
with month_ends as (
    select
        month_date,
        count(*) as customers_count,
        coalesce(sum(converted_mrr), 0) as mrr
    from {{ ref('dim_customer_month_end') }}
    group by month_date
),

cohorts as (
    select
        dimension_name,
        observed_month,
        sum(active_end_count) as customers_count,
        coalesce(sum(mrr_end_amount), 0) as mrr,
        -- Each cohort is rounded to cents.
        0.01 * count(*) as tolerance
    from {{ ref('mart_churn_cohort') }}
    group by dimension_name, observed_month
)

select
    cohorts.dimension_name,
    cohorts.observed_month,
    cohorts.customers_count,
    month_ends.customers_count as expected_count,
    cohorts.mrr,
    month_ends.mrr as expected_mrr
from cohorts
left join month_ends
    on cohorts.observed_month = month_ends.month_date
where cohorts.customers_count <> coalesce(month_ends.customers_count, 0)
    or abs(cohorts.mrr - coalesce(month_ends.mrr, 0)) > cohorts.tolerance
union all
select
    'none' as dimension_name,
    month_ends.month_date as observed_month,
    0 as customers_count,
    month_ends.customers_count as expected_count,
    0 as mrr,
    month_ends.mrr as expected_mrr
from month_ends
left join cohorts
    on month_ends.month_date = cohorts.observed_month
where cohorts.observed_month is null
