{{ config(materialized='view') }}
-- Money without an exchange rate by raw table and currency, which the run reports.
with money as (
    select
        'payments' as table_name,
        payments.currency_code,
        payments.reporting_amount,
        payments.paid_date as first_date,
        payments.paid_date as last_date
    from {{ ref('fct_cash_movements') }} as payments
    -- A price that nobody knows lacks no rate.
    where payments.amount is not null
    union all
    select
        'subscription_periods' as table_name,
        terms.currency_code,
        {{ converted('terms.mrr', 6) }} as reporting_amount,
        terms.from_date as first_date,
        coalesce(least({{ add_days('terms.to_date', -1) }}, run_context.as_of_date), run_context.as_of_date)
            as last_date
    from {{ ref('subscription_terms') }} as terms
    cross join {{ ref('run_context') }} as run_context
    {{ join_rates('terms.currency_code', 'terms.from_date') }}
    where terms.mrr > 0
    union all
    select
        'commissions' as table_name,
        commissions.currency_code,
        {{ converted('commissions.amount') }} as reporting_amount,
        commissions.sold_date as first_date,
        commissions.sold_date as last_date
    from {{ ref('fct_commissions') }} as commissions
    {{ join_rates('commissions.currency_code', 'commissions.sold_date') }}
    union all
    select
        'compensations' as table_name,
        compensations.currency_code,
        compensations.reporting_amount,
        compensations.offered_date as first_date,
        compensations.offered_date as last_date
    from {{ ref('fct_compensations') }} as compensations
    where compensations.amount is not null
),

tables as (
    select
        table_name,
        count(*) as rows_count
    from money
    group by table_name
)

select
    money.table_name,
    money.currency_code,
    count(*) as unconverted_count,
    max(tables.rows_count) as rows_count,
    min(money.first_date) as first_date,
    max(money.last_date) as last_date
from money
inner join tables
    on money.table_name = tables.table_name
where money.reporting_amount is null
group by money.table_name, money.currency_code
