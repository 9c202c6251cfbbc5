-- Prevents value that appears or vanishes: customers, cohorts and payments hold the same sum to the cent.
{{ config(meta={'dagster': {'ref': {'name': 'mart_customer_value'}}}) }}
with payments as (
    select
        payments.paid_date,
        payments.customer_id,
        cast(round(payments.amount * rates.rate_to_reporting, 2) as decimal(18, 2)) as amount
    from {{ ref('fct_payments') }} as payments
    inner join {{ ref('run_context') }} as run_context
        on payments.paid_date <= run_context.as_of_date
    inner join {{ ref('dim_exchange_rates') }} as rates
        on coalesce(payments.currency, '{{ var("reporting_currency") }}') = rates.currency_code
        and {{ period_start('month', 'payments.paid_date') }} = rates.month_date
),

paid as (
    select
        coalesce(sum(payments.amount), 0) as amount,
        -- Cohorts leave out who registered before the data, and payments made before the month of the registration.
        coalesce(sum(case
            when customers.is_measurable and payments.paid_date >= customers.registration_month then payments.amount
        end), 0) as measurable_amount
    from payments
    inner join {{ ref('mart_customer_value') }} as customers
        on payments.customer_id = customers.customer_id
),

valued as (
    select coalesce(sum(revenue_amount), 0) as amount
    from {{ ref('mart_customer_value') }}
),

cohorts as (
    select
        dimension_name,
        sum(revenue_amount) as amount
    from {{ ref('mart_value_cohort') }}
    group by dimension_name
)

select
    'customers' as fault,
    valued.amount,
    paid.amount as expected_amount
from valued
cross join paid
where valued.amount <> paid.amount
union all
select
    'cohorts by ' || cohorts.dimension_name as fault,
    cohorts.amount,
    paid.measurable_amount as expected_amount
from cohorts
cross join paid
where cohorts.amount <> paid.measurable_amount
