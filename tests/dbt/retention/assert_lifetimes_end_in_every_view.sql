-- Prevents lifetimes that get lost between the views of them: curve, summary and months of contract go together.
with curve_ends as (
    select
        dimension_name,
        dimension_value,
        max(churned_to_date_count) as churned_count
    from {{ ref('mart_survival_curve') }}
    group by dimension_name, dimension_value
),

steps as (
    select
        dimension_name,
        dimension_value,
        surviving_pct - lag(surviving_pct) over (
            partition by dimension_name, dimension_value order by days_from_start
        ) as rise_pct
    from {{ ref('mart_survival_curve') }}
),

sums as (
    select
        dimension_name,
        sum(customers_count) as customers_count,
        sum(churned_count) as churned_count
    from {{ ref('mart_survival') }}
    group by dimension_name
)

select
    'curve and summary differ' as fault,
    survival.dimension_name,
    survival.dimension_value
from {{ ref('mart_survival') }} as survival
left join curve_ends
    on survival.dimension_name = curve_ends.dimension_name
    and survival.dimension_value = curve_ends.dimension_value
where survival.churned_count <> coalesce(curve_ends.churned_count, 0)
union all
select
    'the curve rises' as fault,
    dimension_name,
    dimension_value
from steps
where rise_pct > 0
union all
select
    'a cut does not add up to everybody' as fault,
    sums.dimension_name,
    'all' as dimension_value
from sums
inner join sums as everybody
    on everybody.dimension_name = 'all'
-- Without customers the other cuts have no rows at all.
where sums.customers_count <> everybody.customers_count
    or sums.churned_count <> everybody.churned_count
union all
select
    'more at risk in a month of contract than there are contracts' as fault,
    projection.dimension_name,
    projection.dimension_value
from {{ ref('mart_survival_projection') }} as projection
inner join {{ ref('mart_survival') }} as survival
    on projection.dimension_name = survival.dimension_name
    and projection.dimension_value = survival.dimension_value
where projection.at_risk_count > survival.customers_count
