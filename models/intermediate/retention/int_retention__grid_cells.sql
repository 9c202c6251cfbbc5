{% set dimensions = {
    'segment': 'segment_code',
    'value_segment': 'value_segment_code',
    'channel': 'acquisition_channel',
    'region': 'region',
} %}
{% set grains = ['day', 'week', 'month'] %}
-- The cells of every grid of the policy, with the cohort that they count in and the last period that is over for them.
with grids as (
    select
        grid_settings.*,
        {%- for grain in grains %}
        {{ period_number(grain, 'run_context.as_of_date') }} as {{ grain }}_number,
        -- The last period that is over: the one before the period of the following day.
        {{ period_number(grain, business_date('run_context.as_of_end_at')) }} - 1 as last_{{ grain }},
        {%- endfor %}
        {{ period_number('day', business_date('run_context.as_of_end_at')) }} as as_of_end_number
    from {{ ref('int_retention__settings') }} as grid_settings
    cross join {{ ref('run_context') }} as run_context
),

current_cohorts as (
    select
        *,
        case cohort_grain
            {%- for grain in grains %}
            when '{{ grain }}' then {{ grain }}_number
            {%- endfor %}
            else 0
        end as current_cohort,
        case cohort_grain
            {%- for grain in grains %}
            when '{{ grain }}' then last_{{ grain }}
            {%- endfor %}
        end as last_closed_cohort
    from grids
),

members as (
    select
        grids.setting_code,
        grids.current_cohort,
        grids.last_closed_cohort,
        grids.cohorts_count,
        grids.measure_code,
        grids.horizon_periods,
        cells.cell_number,
        cells.customers_count,
        case grids.cohort_grain
            {%- for grain in grains %}
            when '{{ grain }}' then cells.{{ grain }}_number
            {%- endfor %}
            else 0
        end as cohort_number,
        case grids.dimension_name
            {%- for dimension, column in dimensions.items() %}
            when '{{ dimension }}' then cells.{{ column }}
            {%- endfor %}
            -- The value of the free attribute of the grid, `all` without one.
            else cells.attribute_value
        end as dimension_value,
        case
            when grids.period_kind = 'rolling'
                then {{ rolling_number(
                    'grids.as_of_end_number - cells.day_number', 'not cells.is_midnight', 'grids.period_grain'
                ) }} - 1
            {%- for grain in grains %}
            when grids.period_grain = '{{ grain }}' then grids.last_{{ grain }} - cells.{{ grain }}_number
            {%- endfor %}
        end as last_over_period
    from current_cohorts as grids
    inner join {{ ref('int_retention__cells') }} as cells
        on grids.cohort_kind = cells.cohort_kind
        and grids.period_kind = cells.period_kind
        and grids.period_grain = cells.period_grain
        and grids.attribute_code = cells.attribute_code
        and case
            when grids.measure_code in ('revenue', 'mrr') then cells.is_revenue_measured
            else cells.is_use_measured
        end
)

select
    setting_code,
    measure_code,
    dimension_value,
    cell_number,
    customers_count,
    cohort_number,
    current_cohort,
    last_closed_cohort,
    least(last_over_period, horizon_periods) as followed_to_period
from members
where cohort_number > current_cohort - coalesce(cohorts_count, 1000000)
