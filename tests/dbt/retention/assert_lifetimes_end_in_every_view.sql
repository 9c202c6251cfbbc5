-- Prevents lifetimes that get lost between the curves: days, the summary and months of contract go together.
with curves as (
    select
        *,
        surviving_pct - lag(surviving_pct) over (
            partition by dimension_name, dimension_value, period_grain_code order by period_order
        ) as rise_pct
    from {{ ref('mart_survival') }}
),

ends as (
    select
        dimension_name,
        dimension_value,
        max(customers_count) as customers_count,
        max(churned_customers_count) as churned_customers_count,
        max(case when period_grain_code = 'day' then churned_to_date_count end) as churned_on_curve_count,
        max(case when period_grain_code = 'contract_month' then at_risk_count else 0 end) as contracts_count,
        max(rise_pct) as rise_pct
    from curves
    group by dimension_name, dimension_value
),

sums as (
    select
        dimension_name,
        sum(customers_count) as customers_count,
        sum(churned_customers_count) as churned_customers_count
    from ends
    group by dimension_name
)

select
    case
        when rise_pct > 0 then 'the curve rises'
        when contracts_count > customers_count then 'more at risk in a month of contract than there are customers'
        else 'curve and summary differ'
    end as fault,
    dimension_name,
    dimension_value
from ends
where rise_pct > 0
    or contracts_count > customers_count
    or coalesce(churned_on_curve_count, 0) <> churned_customers_count
union all
select
    'the values of a dimension do not add up to everybody' as fault,
    sums.dimension_name,
    'all' as dimension_value
from sums
inner join sums as everybody
    on everybody.dimension_name = 'all'
-- Without customers the other dimensions have no rows at all.
where sums.customers_count <> everybody.customers_count
    or sums.churned_customers_count <> everybody.churned_customers_count
