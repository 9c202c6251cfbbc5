{% set grains = ['day', 'week', 'month'] %}
-- Customers in the cohort of every period in which they were active by the start scope of a grid, and how far they can
-- be followed. Attributes are those of the first active day in the period.
with today as (
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

-- One by free attributes is a grid for each attribute that policy makes a breakdown.
expanded as (
    select
        wanted.*,
        wanted.dimension_name as own_dimension_name,
        cast(null as {{ dbt.type_string() }}) as attribute_code
    from {{ ref('recurring_settings') }} as wanted
    where wanted.dimension_name <> 'attributes'
    union all
    select
        wanted.*,
        {{ attribute_dimension('breakdowns') }} as own_dimension_name,
        breakdowns.attribute_code
    from {{ ref('recurring_settings') }} as wanted
    cross join {{ ref('customer_breakdowns') }} as breakdowns
    where wanted.dimension_name = 'attributes'
),

grids as (
    select
        expanded.setting_code || coalesce('_' || expanded.attribute_code, '') as setting_code,
        expanded.start_scope_code,
        expanded.return_scope_code,
        expanded.period_kind,
        expanded.period_grain,
        expanded.own_dimension_name as dimension_name,
        expanded.attribute_code,
        expanded.horizon_periods,
        today.current_number - coalesce(expanded.cohorts_count, 1000000) + 1 as first_number,
        today.last_over_number,
        today.as_of_date
    from expanded
    inner join today
        on expanded.period_grain = today.period_grain
),

entries as (
    select
        grids.setting_code,
        grids.dimension_name,
        active.customer_id,
        active.period_number as cohort_number,
        active.first_active_date as entered_date
    from grids
    inner join {{ ref('fct_activity_periods') }} as active
        on grids.start_scope_code = active.scope_code
        and grids.period_grain = active.period_grain
        and grids.first_number <= active.period_number
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
    on case when entries.dimension_name = 'segment' then entries.customer_id end = usage_segment.customer_id
    and usage_segment.scheme = 'usage'
    and {{ holds_at('usage_segment', 'entries.entered_date') }}
left join {{ ref('dim_customer_segments') }} as value_segment
    on case when entries.dimension_name = 'value_segment' then entries.customer_id end = value_segment.customer_id
    and value_segment.scheme = 'value'
    and {{ holds_at('value_segment', 'entries.entered_date') }}
left join {{ ref('dim_customer_attributes') }} as attributes
    on entries.customer_id = attributes.customer_id
    and grids.attribute_code = attributes.attribute_code
    and {{ holds_at('attributes', 'entries.entered_date') }}
