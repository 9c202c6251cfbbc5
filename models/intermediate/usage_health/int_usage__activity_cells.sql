{% set keys = ['scope_code', 'period_grain', 'period_number', 'gap_periods', 'active_days_count', 'is_first',
    'is_first_doubtful', 'is_returning'] %}
{% set dimensions = lifetime_dimensions().values() | list %}
-- Active customers counted by their differences before they are broken down: cells are far fewer than customers.
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

attributed as (
    {{ with_attributes('capped', 'last_active_date') }}
),

-- A row of an attribute counts in no other dimension; with them it would be a cell of its own.
placed as (
    select
        {{ keys | join(',\n        ') }},
        {%- for column in dimensions %}
        case when attribute_name is null then {{ column }} end as {{ column }},
        {%- endfor %}
        attribute_name,
        attribute_value
    from attributed
)

select
    {{ keys | join(',\n    ') }},
    {{ dimensions | join(',\n    ') }},
    attribute_name,
    attribute_value,
    count(*) as customers_count
from placed
group by
    {{ keys | join(', ') }},
    {{ dimensions | join(', ') }}, attribute_name, attribute_value
