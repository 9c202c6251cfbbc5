{{ config(materialized=inlined('view')) }}
-- What a customer bought in the twelve months that end with each month of the trend; of the running month as of the
-- business day (CON-07). Customers without a purchase are left out.
with months as (
    select distinct
        dates.month_start_date as contact_month,
        {{ period_number('month', 'dates.month_start_date') }} as month_number
    from {{ ref('dim_dates') }} as dates
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where dates.date_day >= {{ add_months(
        period_start('month', 'run_context.as_of_date'), '1 - policy.contact_trend_months'
    ) }}
),

by_month as (
    select
        purchases.customer_id,
        {{ period_number('month', 'purchases.purchased_date') }} as month_number,
        count(*) as orders_count,
        count(purchases.reporting_amount) as converted_count,
        sum(purchases.reporting_amount) as paid_amount
    from {{ ref('fct_purchases') }} as purchases
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on purchases.purchased_date >= {{ add_months(
            period_start('month', 'run_context.as_of_date'),
            '-10 - policy.contact_trend_months'
        ) }}
    group by purchases.customer_id, {{ period_number('month', 'purchases.purchased_date') }}
)

select
    by_month.customer_id,
    cast(sum(by_month.orders_count) as bigint) as orders_count,
    cast(sum(by_month.orders_count - by_month.converted_count) as bigint) as unconverted_count,
    cast(sum(by_month.paid_amount) as decimal(18, 2)) as paid_amount,
    -- Of the purchases whose money has a rate.
    cast(1.0 * sum(by_month.paid_amount) / nullif(sum(by_month.converted_count), 0) as {{ type_double() }})
        as average_check_amount,
    months.contact_month
from by_month
inner join months
    on by_month.month_number between months.month_number - 11 and months.month_number
group by by_month.customer_id, months.contact_month
