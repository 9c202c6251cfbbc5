{% set keys = ['scope_code', 'period_grain', 'period_number', 'gap_periods', 'active_days_count', 'is_first',
    'is_first_doubtful', 'is_returning'] %}
-- Active customers by period, breakdown and what else counts them.
with capped as (
    select
        active_periods.*,
        -- Beyond the longest trailing window, or the next period, it does not matter how long a pause is.
        least(
            coalesce(active_periods.next_period - active_periods.period_number, 1000000),
            case active_periods.period_grain when 'day' then policy.monthly_active_days else 2 end
        ) as gap_periods
    from {{ ref('int_usage__active_periods') }} as active_periods
    cross join {{ ref('policy') }} as policy
),

broken_down as (
    {{ breakdowns_with_attributes('capped', lifetime_dimensions(), 'last_active_date') }}
)

select
    dimension_name,
    dimension_value,
    {{ keys | join(',\n    ') }},
    count(*) as customers_count
from broken_down
group by dimension_name, dimension_value, {{ keys | join(', ') }}
