{% set grains = ['day', 'week', 'month'] %}
-- Customers in the cohort of every period in which they were active by the start scope of a grid, and how far they can
-- be followed. Attributes are those of the first active day in the period.
with calendar as (
    {{ numbered_days() }}
),

-- The running period, and the last one that is over.
today as (
    {%- for grain in grains %}
    select
        '{{ grain }}' as period_grain,
        {{ period_number(grain, 'run_context.as_of_date') }} as current_number,
        {{ period_number(grain, add_days('run_context.as_of_date', 1)) }} - 1 as last_over_number,
        run_context.as_of_date
    from {{ ref('run_context') }} as run_context
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

grids as (
    select
        wanted.setting_code || coalesce('_' || breakdowns.attribute_code, '') as setting_code,
        wanted.start_scope_code,
        wanted.return_scope_code,
        wanted.period_kind,
        wanted.period_grain,
        case
            when breakdowns.attribute_code is null then wanted.dimension_name
            else {{ attribute_dimension('breakdowns') }}
        end as dimension_name,
        breakdowns.attribute_code,
        wanted.horizon_periods,
        today.current_number - coalesce(wanted.cohorts_count, 1000000) + 1 as first_number,
        today.last_over_number,
        today.as_of_date
    from {{ ref('recurring_settings') }} as wanted
    inner join today
        on wanted.period_grain = today.period_grain
    left join {{ ref('customer_breakdowns') }} as breakdowns
        on wanted.dimension_name = 'attributes'
    where wanted.dimension_name <> 'attributes'
        or breakdowns.attribute_code is not null
),

entries as (
    {%- for grain in grains %}
    select
        grids.setting_code,
        active.customer_id,
        calendar.{{ grain }}_number as cohort_number,
        min(active.active_date) as entered_date
    from grids
    inner join {{ ref('fct_activity_days') }} as active
        on grids.start_scope_code = active.scope_code
    inner join calendar
        on active.active_date = calendar.date_day
        and grids.first_number <= calendar.{{ grain }}_number
    where grids.period_grain = '{{ grain }}'
    group by grids.setting_code, active.customer_id, calendar.{{ grain }}_number
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    grids.setting_code,
    grids.start_scope_code,
    grids.return_scope_code,
    grids.period_kind,
    grids.period_grain,
    grids.dimension_name,
    grids.horizon_periods,
    grids.last_over_number,
    entries.customer_id,
    case
        when grids.attribute_code is not null then coalesce(attributes.attribute_value, 'unknown')
        when grids.dimension_name = 'segment' then coalesce(usage_segment.segment_code, 'unassigned')
        when grids.dimension_name = 'value_segment' then coalesce(value_segment.segment_code, 'unassigned')
        when grids.dimension_name = 'channel' then coalesce(customers.acquisition_channel, 'unknown')
        when grids.dimension_name = 'region' then coalesce(customers.region, 'unknown')
        else 'all'
    end as dimension_value,
    cast(entries.cohort_number as integer) as cohort_number,
    cast(least(
        case grids.period_kind
            when 'calendar' then grids.last_over_number - entries.cohort_number
            else {{ rolling_number(
                days_between('entries.entered_date', 'grids.as_of_date') ~ ' + 1', 'false', 'grids.period_grain'
            ) }} - 1
        end,
        grids.horizon_periods
    ) as integer) as followed_to_period,
    entries.entered_date
from entries
inner join grids
    on entries.setting_code = grids.setting_code
inner join {{ ref('dim_customers') }} as customers
    on entries.customer_id = customers.customer_id
left join {{ ref('dim_customer_segments') }} as usage_segment
    on case when grids.dimension_name = 'segment' then entries.customer_id end = usage_segment.customer_id
    and usage_segment.scheme = 'usage'
    and {{ holds_at('usage_segment', 'entries.entered_date') }}
left join {{ ref('dim_customer_segments') }} as value_segment
    on case when grids.dimension_name = 'value_segment' then entries.customer_id end = value_segment.customer_id
    and value_segment.scheme = 'value'
    and {{ holds_at('value_segment', 'entries.entered_date') }}
left join {{ ref('dim_customer_attributes') }} as attributes
    on entries.customer_id = attributes.customer_id
    and grids.attribute_code = attributes.attribute_code
    and {{ holds_at('attributes', 'entries.entered_date') }}
