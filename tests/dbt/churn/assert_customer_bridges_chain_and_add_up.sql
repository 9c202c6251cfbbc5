-- Prevents bridges that lose customers: an opening is the closing before it, the values of a dimension add up to the
-- whole, and the whole agrees with the tenures it is made of.
{{ config(meta={'serves': ['DQ-10']}) }}
{%- set measures = ['opening_count', 'new_count', 'reactivated_count', 'churned_count', 'closing_count'] %}
with {{ bridge_faults(
    ref('mart_churn_monthly'), measures, 'opening_count', 'closing_count', 'moved_in_count', 'moved_out_count',
    unsummed='currency'
) }},

counted as (
    select
        months.month_date,
        count(case when tenures.started_date < months.month_date then 1 end) as opening_count,
        count(case when tenures.started_date >= months.month_date and tenures.tenure_number = 1 then 1 end)
            as new_count,
        count(case when tenures.started_date >= months.month_date and tenures.tenure_number > 1 then 1 end)
            as reactivated_count,
        count(case when tenures.churned_date <= months.last_date then 1 end) as churned_count,
        count(
            case when tenures.churned_date is null or tenures.churned_date > months.last_date then 1 end
        ) as closing_count
    from {{ ref('dim_months') }} as months
    inner join {{ ref('customer_tenures') }} as tenures
        on tenures.started_date <= months.last_date
        and coalesce(tenures.churned_date, {{ end_of_time('timestamp') }}) >= months.month_date
    -- A customer who churned on the first day of a month was there when it began.
    group by months.month_date
)

select * from bridge_faults
union all
select
    'whole against tenures' as fault,
    'all' as dimension_name,
    counted.month_date as churn_month
from counted
left join sums as wholes
    on counted.month_date = wholes.churn_month
    and wholes.dimension_name = 'all'
where wholes.churn_month is null
    {%- for measure in measures %}
    or counted.{{ measure }} <> wholes.{{ measure }}
    {%- endfor %}
