-- Prevents value that appears or disappears: customers, cohorts, sales and payments have the same sum to the cent.
with payments as (
    select
        paid_date,
        customer_id,
        reporting_amount as amount
    from {{ ref('fct_cash_movements') }}
),

paid as (
    select
        coalesce(sum(payments.amount), 0) as amount,
        -- Cohorts leave out customers registered before the data, and payments before the month of registration.
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
),

-- Accounts deleted since have paid too.
moved as (
    select coalesce(sum(amount), 0) as amount
    from payments
),

sales as (
    select
        dimension_name,
        period_grain_code,
        sum(revenue_amount) as amount
    from {{ ref('mart_sales') }}
    group by dimension_name, period_grain_code
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
union all
select
    'sales by ' || sales.period_grain_code || ' and ' || sales.dimension_name as fault,
    sales.amount,
    moved.amount as expected_amount
from sales
cross join moved
where sales.amount <> moved.amount
