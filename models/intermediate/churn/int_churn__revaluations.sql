-- What a new rate of exchange did to the recurring revenue that a customer had when the month began.
with rates as (
    select
        currency_code,
        month_date,
        rate_to_reporting,
        lag(rate_to_reporting) over (partition by currency_code order by month_date) as earlier_rate
    from {{ ref('dim_exchange_rates') }}
),

levels as (
    select
        levels.customer_id,
        levels.spell_number,
        levels.currency_code,
        rates.month_date,
        levels.mrr_after as mrr,
        cast(round(levels.mrr_after * rates.rate_to_reporting, 2) as decimal(18, 2))
        - cast(round(levels.mrr_after * coalesce(rates.earlier_rate, 0), 2) as decimal(18, 2)) as revaluation
    from rates
    inner join {{ ref('fct_mrr_changes') }} as levels
        on rates.currency_code = levels.currency_code
        and rates.month_date > levels.changed_date
        and rates.month_date <= coalesce(levels.next_changed_date, {{ far_future() }})
    where rates.rate_to_reporting <> coalesce(rates.earlier_rate, 0)
        and levels.mrr_after > 0
)

select
    customer_id,
    spell_number,
    month_date,
    sum(revaluation) as revaluation_amount
from levels
group by customer_id, spell_number, month_date
