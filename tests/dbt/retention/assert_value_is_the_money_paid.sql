-- Prevents value that appears or disappears: customers, cohorts, sales and payments have the same sum to the cent, and
-- sales and the mix of buyers the same purchases of a month. Only the list of customers has no accounts deleted since.
with payments as (
    select
        payments.customer_id,
        payments.reporting_amount as amount,
        -- Cohorts leave out customers registered before the data, and payments before the month of registration.
        customer_accounts.registered_date >= {{ observed_from('payments', 'measured_from') }}
        and payments.paid_date >= {{ period_start('month', 'customer_accounts.registered_date') }} as is_of_cohort
    from {{ ref('fct_cash_movements') }} as payments
    inner join {{ ref('customer_accounts') }} as customer_accounts
        on payments.customer_id = customer_accounts.customer_id
),

paid as (
    select
        coalesce(sum(payments.amount), 0) as amount,
        coalesce(sum(case when payments.is_of_cohort then payments.amount end), 0) as cohort_amount,
        coalesce(sum(case when customers.customer_id is not null then payments.amount end), 0) as customer_amount
    from payments
    left join {{ ref('mart_customer_value') }} as customers
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

sales as (
    select
        dimension_name,
        period_grain_code,
        sum(revenue_amount) as amount
    from {{ ref('mart_sales') }}
    group by dimension_name, period_grain_code
),

months as (
    select
        sales.period_start_date,
        sales.purchases_amount,
        mix.purchases_amount as mix_amount
    from {{ ref('mart_sales') }} as sales
    inner join {{ ref('mart_customer_mix') }} as mix
        on sales.dimension_name = mix.dimension_name
        and sales.period_start_date = mix.observed_month
    where sales.dimension_name = 'all'
        and sales.period_grain_code = 'month'
)

select
    'customers' as fault,
    valued.amount,
    paid.customer_amount as expected_amount
from valued
cross join paid
where valued.amount <> paid.customer_amount
union all
select
    'cohorts by ' || cohorts.dimension_name as fault,
    cohorts.amount,
    paid.cohort_amount as expected_amount
from cohorts
cross join paid
where cohorts.amount <> paid.cohort_amount
union all
select
    'sales by ' || sales.period_grain_code || ' and ' || sales.dimension_name as fault,
    sales.amount,
    paid.amount as expected_amount
from sales
cross join paid
where sales.amount <> paid.amount
union all
select
    'purchases of ' || cast(period_start_date as {{ dbt.type_string() }}) as fault,
    mix_amount as amount,
    purchases_amount as expected_amount
from months
where mix_amount <> purchases_amount
