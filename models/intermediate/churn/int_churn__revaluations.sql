{{ config(materialized=inlined('view')) }}
-- What a new rate of exchange did to the recurring revenue that a customer had when the month began.
with levels as (
    select
        levels.customer_id,
        levels.tenure_number,
        months.month_date,
        coalesce({{ converted('levels.mrr_after', 6) }}, 0)
        - coalesce({{ converted('levels.mrr_after', 6, 'earlier_rates') }}, 0) as revaluation
    from {{ ref('fct_mrr_changes') }} as levels
    inner join {{ ref('dim_months') }} as months
        on levels.changed_date < months.month_date
        and coalesce(levels.next_changed_date, {{ end_of_time('timestamp') }}) >= months.month_date
    {{ join_rates('levels.currency_code', 'months.month_date') }}
    {{ join_rates('levels.currency_code', add_months('months.month_date', -1), 'earlier_rates') }}
    where levels.mrr_after > 0
        -- Rates change seldom: most months have nothing to revalue.
        and coalesce(rates.rate_to_reporting, 0) <> coalesce(earlier_rates.rate_to_reporting, 0)
)

select
    customer_id,
    tenure_number,
    month_date,
    sum(revaluation) as revaluation_amount
from levels
group by customer_id, tenure_number, month_date
