{{ config(materialized='view') }}
-- Periods of failed payments of a subscription, from the first failure to the next successful payment.
with payments as (
    select
        payments.customer_id,
        coalesce(payments.subscription_id, '(none)') as subscription_id,
        payments.paid_date,
        payments.status,
        count(case when payments.status = 'succeeded' then 1 end) over (
            partition by payments.customer_id, payments.subscription_id
            order by payments.paid_at, payments.payment_id
            rows unbounded preceding
        ) as successes_before
    from {{ ref('stg_billing__payments') }} as payments
    inner join {{ ref('run_context') }} as run_context
        on payments.paid_at < run_context.as_of_end_at
    inner join {{ ref('customer_registrations') }} as customers
        on payments.customer_id = customers.customer_id
    where payments.status in ('succeeded', 'failed')
        and not coalesce(payments.is_refund, false)
),

runs as (
    select
        customer_id,
        subscription_id,
        successes_before,
        count(case when status = 'failed' then 1 end) as failures_count,
        min(case when status = 'failed' then paid_date end) as failed_date,
        min(case when status = 'succeeded' then paid_date end) as succeeded_date
    from payments
    group by customer_id, subscription_id, successes_before
),

followed as (
    select
        *,
        lead(succeeded_date) over (partition by customer_id, subscription_id order by successes_before)
            as recovered_date
    from runs
)

select
    customer_id,
    subscription_id,
    failures_count,
    failed_date,
    recovered_date
from followed
where failures_count > 0
