{{ config(materialized='view') }}
-- Cash up to the business day, in the reporting currency at the rate of the month. Deleted accounts appear under their
-- surrogates, test accounts not at all.
select
    payments.payment_id,
    customers.customer_id,
    payments.subscription_id,
    payments.order_id,
    payments.currency_code,
    payments.amount,
    {{ converted('payments.amount') }} as reporting_amount,
    payments.is_refund,
    payments.paid_date,
    payments.paid_at
from {{ ref('fct_payments') }} as payments
inner join {{ ref('run_context') }} as run_context
    on payments.paid_date <= run_context.as_of_date
inner join {{ ref('customer_accounts') }} as customers
    on payments.customer_id = customers.source_customer_id
{{ join_rates('payments.currency_code', 'payments.paid_date') }}
