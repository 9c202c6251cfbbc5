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

purchases as (
    select
        purchases.customer_id,
        purchases.reporting_amount,
        {{ period_number('month', 'purchases.purchased_date') }} as month_number
    from {{ ref('fct_purchases') }} as purchases
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on purchases.purchased_date >= {{ add_months(
            period_start('month', 'run_context.as_of_date'),
            '-10 - policy.contact_trend_months'
        ) }}
),

-- A purchase is subtracted again a year later, so that the running sum covers twelve months.
movements as (
    {% for months, sign in [(0, ''), (12, '-')] %}
    select
        customer_id,
        month_number + {{ months }} as month_number,
        cast(null as date) as contact_month,
        {{ sign }}1 as orders_count,
        {{ sign }}case when reporting_amount is null then 0 else 1 end as converted_count,
        {{ sign }}coalesce(reporting_amount, 0) as paid_amount
    from purchases
    union all
    {% endfor %}
    select
        payers.customer_id,
        months.month_number,
        months.contact_month,
        0 as orders_count,
        0 as converted_count,
        0 as paid_amount
    from (select distinct purchases.customer_id from purchases) as payers
    cross join months
),

by_month as (
    select
        customer_id,
        month_number,
        max(contact_month) as contact_month,
        sum(orders_count) as orders_count,
        sum(converted_count) as converted_count,
        sum(paid_amount) as paid_amount
    from movements
    group by customer_id, month_number
),

years as (
    select
        customer_id,
        contact_month,
        sum(orders_count) over twelve_months as orders_count,
        sum(converted_count) over twelve_months as converted_count,
        sum(paid_amount) over twelve_months as paid_amount
    from by_month
    window twelve_months as (
        partition by customer_id order by month_number rows between unbounded preceding and current row
    )
)

select
    customer_id,
    cast(orders_count as bigint) as orders_count,
    cast(orders_count - converted_count as bigint) as unconverted_count,
    cast(case when converted_count > 0 then paid_amount end as decimal(18, 2)) as paid_amount,
    -- Of the purchases whose money has a rate.
    cast(1.0 * paid_amount / nullif(converted_count, 0) as {{ type_double() }}) as average_check_amount,
    contact_month
from years
where contact_month is not null
    and orders_count > 0
