{% set dimensions = {
    'segment': 'segment_code',
    'value_segment': 'value_segment_code',
    'channel': 'acquisition_channel',
    'region': 'region',
} %}
{% set grains = ['day', 'week', 'month'] %}
-- Cells are added up to the cohorts of every grid of the policy; a cell is eligible for period N once that is over.
with grids as (
    select
        grid_settings.*,
        {%- for grain in grains %}
        {{ period_number(grain, 'run_context.as_of_date') }} as {{ grain }}_number,
        -- The last period that is over: the one before the period of the following day.
        {{ period_number(grain, business_date('run_context.as_of_end_at')) }} - 1 as last_{{ grain }},
        {%- endfor %}
        {{ period_number('day', business_date('run_context.as_of_end_at')) }} as as_of_end_number
    from {{ ref('retention_settings') }} as grid_settings
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

all_members as (
    select
        grids.setting_code,
        grids.current_cohort,
        grids.cohorts_count,
        grids.measure_code,
        grids.period_kind,
        grids.period_grain,
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
            else 'all'
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
        and case
            when grids.measure_code in ('revenue', 'mrr') then cells.is_revenue_measured
            else cells.is_use_measured
        end
),

members as (
    select *
    from all_members
    where cohort_number > current_cohort - cohorts_count
),

sizes as (
    select
        setting_code,
        dimension_value,
        cohort_number,
        sum(customers_count) as cohort_size_count
    from members
    group by setting_code, dimension_value, cohort_number
),

facts as (
    select
        members.setting_code,
        members.measure_code,
        members.dimension_value,
        members.cohort_number,
        members.horizon_periods,
        members.last_over_period,
        cell_periods.first_period,
        cell_periods.last_period,
        cell_periods.on_count,
        cell_periods.every_count,
        cell_periods.last_count,
        case members.measure_code
            when 'usage' then cell_periods.events_count
            when 'revenue' then cell_periods.revenue_cents
            when 'mrr' then cell_periods.mrr_cents
            else cell_periods.on_count
        end as measured_count,
        case members.measure_code
            when 'revenue' then cell_periods.revenue_unconverted_count
            when 'mrr' then cell_periods.mrr_unconverted_count
            else 0
        end as unconverted_count
    from members
    inner join {{ ref('int_retention__cell_periods') }} as cell_periods
        on members.cell_number = cell_periods.cell_number
),

retained as (
    select
        setting_code,
        dimension_value,
        cohort_number,
        first_period,
        last_period,
        sum(measured_count) as on_num,
        sum(every_count) as every_num,
        sum(unconverted_count) as unconverted_count
    from facts
    where last_period <= last_over_period
        and last_period <= horizon_periods
    group by setting_code, dimension_value, cohort_number, first_period, last_period
),

-- How far each cell can be followed, and how far its customers came: read from the far end, both are running totals.
reaches as (
    select
        setting_code,
        dimension_value,
        cohort_number,
        least(last_over_period, horizon_periods) as reached_period,
        sum(case when measure_code = 'customers' then customers_count else 0 end) as base_count,
        0 as base_unconverted_count,
        sum(customers_count) as eligible_count,
        0 as last_count
    from members
    where last_over_period >= 0
    group by setting_code, dimension_value, cohort_number, least(last_over_period, horizon_periods)
    union all
    select
        setting_code,
        dimension_value,
        cohort_number,
        least(last_over_period, horizon_periods) as reached_period,
        -- Of money and of use, the base is period 0 of the same customers.
        sum(case when measure_code <> 'customers' and last_period = 0 then measured_count else 0 end) as base_count,
        sum(case when last_period = 0 then unconverted_count else 0 end) as base_unconverted_count,
        0 as eligible_count,
        0 as last_count
    from facts
    where last_over_period >= 0
    group by setting_code, dimension_value, cohort_number, least(last_over_period, horizon_periods)
    union all
    select
        setting_code,
        dimension_value,
        cohort_number,
        least(last_over_period, horizon_periods, last_period) as reached_period,
        0 as base_count,
        0 as base_unconverted_count,
        0 as eligible_count,
        sum(last_count) as last_count
    from facts
    where last_over_period >= 0
        and first_period = last_period
    group by setting_code, dimension_value, cohort_number, least(last_over_period, horizon_periods, last_period)
),

reached as (
    select
        setting_code,
        dimension_value,
        cohort_number,
        reached_period,
        sum(base_count) as base_count,
        sum(base_unconverted_count) as base_unconverted_count,
        sum(eligible_count) as eligible_count,
        sum(last_count) as last_count
    from reaches
    group by setting_code, dimension_value, cohort_number, reached_period
),

series as (
    {{ dbt.generate_series(400) }}
),

numbers as (
    select cast(generated_number - 1 as integer) as period_number
    from series
),

-- Every value that some cohort has, in every cohort since the first: a week in which nobody came is a row.
first_cohorts as (
    select
        setting_code,
        min(cohort_number) as first_cohort
    from sizes
    group by setting_code
),

found_values as (
    select distinct
        setting_code,
        dimension_value
    from sizes
),

cohorts as (
    select
        grids.*,
        found_values.dimension_value,
        grids.current_cohort - numbers.period_number as cohort_number
    from current_cohorts as grids
    inner join first_cohorts
        on grids.setting_code = first_cohorts.setting_code
    inner join numbers
        on grids.current_cohort - numbers.period_number >= first_cohorts.first_cohort
    inner join found_values
        on grids.setting_code = found_values.setting_code
),

spine as (
    select
        cohorts.*,
        numbers.period_number,
        coalesce(sizes.cohort_size_count, 0) as cohort_size_count,
        sum(coalesce(reached.base_count, 0)) over from_the_end as base_den,
        sum(coalesce(reached.base_unconverted_count, 0)) over from_the_end as base_unconverted_count,
        sum(coalesce(reached.eligible_count, 0)) over from_the_end as eligible_count,
        sum(coalesce(reached.last_count, 0)) over from_the_end as on_or_after_num
    from cohorts
    inner join numbers
        on cohorts.horizon_periods >= numbers.period_number
    left join sizes
        on cohorts.setting_code = sizes.setting_code
        and cohorts.dimension_value = sizes.dimension_value
        and cohorts.cohort_number = sizes.cohort_number
    left join reached
        on cohorts.setting_code = reached.setting_code
        and cohorts.dimension_value = reached.dimension_value
        and cohorts.cohort_number = reached.cohort_number
        and numbers.period_number = reached.reached_period
    window from_the_end as (
        partition by cohorts.setting_code, cohorts.dimension_value, cohorts.cohort_number
        order by numbers.period_number desc
        rows between unbounded preceding and current row
    )
),

definitions as (
    select 'on' as definition_code
    union all
    select 'on_or_after' as definition_code
    union all
    select 'every' as definition_code
),

grid as (
    select
        spine.*,
        definitions.definition_code,
        spine.period_number as first_period,
        case definitions.definition_code
            when 'on' then coalesce(retained.on_num, 0)
            when 'every' then coalesce(retained.every_num, 0)
            else spine.on_or_after_num
        end as retained_num,
        coalesce(retained.unconverted_count, 0) as unconverted_count
    from spine
    inner join definitions
        on definitions.definition_code = 'on' or spine.measure_code = 'customers'
    left join retained
        on spine.setting_code = retained.setting_code
        and spine.dimension_value = retained.dimension_value
        and spine.cohort_number = retained.cohort_number
        and spine.period_number = retained.first_period
        and spine.period_number = retained.last_period
    union all
    select
        spine.*,
        'within' as definition_code,
        brackets.first_period,
        coalesce(retained.on_num, 0) as retained_num,
        0 as unconverted_count
    from spine
    inner join {{ ref('retention_brackets') }} as brackets
        on spine.period_grain = brackets.period_grain
        and spine.period_number = brackets.last_period
    left join retained
        on spine.setting_code = retained.setting_code
        and spine.dimension_value = retained.dimension_value
        and spine.cohort_number = retained.cohort_number
        and brackets.first_period = retained.first_period
        and brackets.last_period = retained.last_period
    where spine.measure_code = 'customers'
),

dated as (
    select
        *,
        -- Money of which nothing has a rate is unknown, not 0.
        case when unconverted_count = 0 or retained_num <> 0 then retained_num end as known_num,
        case when base_unconverted_count = 0 or base_den <> 0 then base_den end as known_den,
        case cohort_grain
            {%- for grain in grains %}
            when '{{ grain }}' then {{ period_first_day(grain, 'cohort_number') }}
            {%- endfor %}
        end as cohort_start_date
    from grid
    -- A period that nobody has lived through yet has no row; a cohort always has its period 0.
    where eligible_count > 0 or (first_period = 0 and period_number = 0)
)

select
    setting_code,
    cohort_kind,
    measure_code,
    definition_code,
    period_kind,
    period_grain as period_grain_code,
    cohort_grain as cohort_grain_code,
    case
        when cohort_start_date is null then 'all'
        else substring(cast(cohort_start_date as {{ dbt.type_string() }}), 1, 10)
    end as cohort_label,
    dimension_name,
    dimension_value,
    cast(first_period as bigint) as first_period_order,
    cast(period_number as bigint) as last_period_order,
    cast(cohort_size_count as bigint) as cohort_size_count,
    cast(eligible_count as bigint) as eligible_count,
    cast(unconverted_count as bigint) as unconverted_count,
    cast(known_num as bigint) as retained_num,
    cast(known_den as bigint) as retained_den,
    {{ pct('known_num', 'known_den') }} as retained_pct,
    case when measure_code = 'customers' then {{ wilson_pct('retained_num', 'base_den', 'lo') }} end as retained_ci_lo,
    case when measure_code = 'customers' then {{ wilson_pct('retained_num', 'base_den', 'hi') }} end as retained_ci_hi,
    eligible_count = cohort_size_count
    and coalesce(cohort_number <= last_closed_cohort, false)
    and unconverted_count + base_unconverted_count = 0 as is_complete,
    {{ is_reliable('eligible_count') }} as is_reliable,
    cohort_start_date
from dated
