{{ config(materialized='view') }}
-- Money of customers that count, up to the business day, in the reporting currency at the rate of the month.
select
    payments.payment_id,
    payments.customer_id,
    payments.purchase_key,
    cast(round(payments.amount * rates.rate_to_reporting, 2) as decimal(18, 2)) as reporting_amount,
    payments.is_refund,
    payments.paid_date,
    payments.paid_at
from {{ ref('fct_payments') }} as payments
inner join {{ ref('run_context') }} as run_context
    on payments.paid_date <= run_context.as_of_date
inner join {{ ref('int_customers__registration') }} as customers
    on payments.customer_id = customers.customer_id
left join {{ ref('dim_exchange_rates') }} as rates
    on coalesce(payments.currency, '{{ var("reporting_currency") }}') = rates.currency_code
    and {{ period_start('month', 'payments.paid_date') }} = rates.month_date
