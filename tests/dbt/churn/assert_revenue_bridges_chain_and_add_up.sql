-- Prevents revenue that appears from nowhere: an opening is the closing before it, dimensions add up to the whole
-- but for the cent that each value is rounded by, and the closing of a currency is what its contracts bill on the
-- last day.
{{ config(meta={'serves': ['DQ-10']}) }}
{%- set measures = [
    'earlier_closing_amount', 'revaluation_amount', 'new_amount', 'reactivated_amount', 'expansion_amount',
    'contraction_amount', 'churned_amount', 'closing_amount',
] %}
with {{ bridge_faults(
    ref('mart_churn_monthly'), measures, 'earlier_closing_amount', 'closing_amount', 'moved_in_amount', 'moved_out_amount',
    unsummed='currency', tolerance=0.01
) }},

billed as (
    select
        terms.currency_code,
        months.month_date,
        sum(terms.mrr) as closing_amount
    from {{ ref('subscription_terms') }} as terms
    inner join {{ ref('dim_months') }} as months
        on terms.from_date <= months.last_date
        and coalesce(terms.to_date, {{ end_of_time('timestamp') }}) > months.last_date
    group by terms.currency_code, months.month_date
),

native as (
    select
        dimension_value as currency_code,
        churn_month as month_date,
        closing_amount
    from {{ ref('mart_churn_monthly') }}
    where dimension_name = 'currency'
)

select * from bridge_faults
union all
select
    'currency against its contracts' as fault,
    coalesce(billed.currency_code, native.currency_code) as dimension_name,
    coalesce(billed.month_date, native.month_date) as churn_month
from billed
full outer join native
    on billed.currency_code = native.currency_code
    and billed.month_date = native.month_date
where round(coalesce(billed.closing_amount, 0), 2) <> coalesce(native.closing_amount, 0)
