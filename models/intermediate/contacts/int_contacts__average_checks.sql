-- What a customer paid, and for how many orders, in the twelve months that end with each month of the trend; of the
-- running month as of the business day (CON-07). Customers who never paid are left out.
with months as (
    select distinct
        dates.month_start_date as contact_month,
        {{ period_number('month', 'dates.month_start_date') }} as month_number
    from {{ ref('dim_dates') }} as dates
    cross join {{ ref('run_context') }} as run_context
    where dates.date_day >= {{ add_months(
        period_start('month', 'run_context.as_of_date'), '1 - cast(' ~ threshold('contact_trend_months') ~ ' as integer)'
    ) }}
),

payments as (
    select
        payments.customer_id,
        payments.purchase_key,
        payments.is_refund,
        {{ period_number('month', 'payments.paid_date') }} as month_number,
        cast(round(payments.amount * rates.rate_to_reporting, 2) as decimal(18, 2)) as reporting_amount
    from {{ ref('fct_payments') }} as payments
    inner join {{ ref('run_context') }} as run_context
        on payments.paid_date <= run_context.as_of_date
        and payments.paid_date >= {{ add_months(
            period_start('month', 'run_context.as_of_date'),
            '-10 - cast(' ~ threshold('contact_trend_months') ~ ' as integer)'
        ) }}
    inner join {{ ref('dim_exchange_rates') }} as rates
        on coalesce(payments.currency, '{{ var("reporting_currency") }}') = rates.currency_code
        and {{ period_start('month', 'payments.paid_date') }} = rates.month_date
),

-- Money counts in the month in which it moves, an order once, in the month in which it is first paid.
orders as (
    select
        customer_id,
        min(month_number) as month_number,
        1 as orders_count
    from payments
    where not is_refund
    group by customer_id, purchase_key
),

-- What enters the twelve months leaves them again a year later, so that a running sum is that of the twelve.
movements as (
    {% for relation in ['orders', 'payments'] %}
    {% for months, sign in [(0, ''), (12, '-')] %}
    select
        customer_id,
        month_number + {{ months }} as month_number,
        cast(null as date) as contact_month,
        {{ sign }}{{ 'orders_count' if relation == 'orders' else '0' }} as orders_count,
        {{ sign }}{{ 'reporting_amount' if relation == 'payments' else '0' }} as paid_amount
    from {{ relation }}
    union all
    {% endfor %}
    {% endfor %}
    select
        payers.customer_id,
        months.month_number,
        months.contact_month,
        0 as orders_count,
        0 as paid_amount
    from (select distinct orders.customer_id from orders) as payers
    cross join months
),

by_month as (
    select
        customer_id,
        month_number,
        max(contact_month) as contact_month,
        sum(orders_count) as orders_count,
        sum(paid_amount) as paid_amount
    from movements
    group by customer_id, month_number
),

years as (
    select
        customer_id,
        contact_month,
        sum(orders_count) over twelve_months as orders_count,
        sum(paid_amount) over twelve_months as paid_amount
    from by_month
    window twelve_months as (
        partition by customer_id order by month_number rows between unbounded preceding and current row
    )
)

select
    customer_id,
    cast(orders_count as bigint) as orders_count,
    cast(paid_amount as decimal(18, 2)) as paid_amount,
    cast(1.0 * paid_amount / orders_count as double) as average_check_amount,
    contact_month
from years
where contact_month is not null
    and orders_count > 0
