{% set grains = ['day', 'week', 'month'] %}
-- Every recurring cohort with each of its periods. A value that some cohort has is in every cohort since the first.
with calendar as (
    {{ numbered_days() }}
),

sizes as (
    select
        setting_code,
        start_scope_code,
        return_scope_code,
        period_kind,
        period_grain,
        dimension_name,
        horizon_periods,
        last_over_number,
        dimension_value,
        cohort_number,
        count(*) as cohort_size_count
    from {{ ref('int_retention__recurring_members') }}
    group by
        setting_code, start_scope_code, return_scope_code, period_kind, period_grain, dimension_name, horizon_periods,
        last_over_number, dimension_value, cohort_number
),

grids as (
    select
        setting_code,
        start_scope_code,
        return_scope_code,
        period_kind,
        period_grain,
        dimension_name,
        horizon_periods,
        last_over_number,
        min(cohort_number) as first_cohort
    from sizes
    group by
        setting_code, start_scope_code, return_scope_code, period_kind, period_grain, dimension_name, horizon_periods,
        last_over_number
),

found_values as (
    select distinct
        setting_code,
        dimension_value
    from sizes
),

numbers as (
    {%- for grain in grains %}
    select distinct
        '{{ grain }}' as period_grain,
        {{ grain }}_number as cohort_number
    from calendar
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

series as (
    {{ dbt.generate_series(367) }}
),

cells as (
    select
        grids.*,
        found_values.dimension_value,
        numbers.cohort_number,
        cast(series.generated_number - 1 as integer) as period_number
    from grids
    inner join numbers
        on grids.period_grain = numbers.period_grain
        and grids.first_cohort <= numbers.cohort_number
    inner join found_values
        on grids.setting_code = found_values.setting_code
    inner join series
        on grids.horizon_periods >= series.generated_number - 1
)

select
    cells.setting_code,
    cells.start_scope_code,
    cells.return_scope_code,
    cells.period_kind,
    cells.period_grain,
    cells.dimension_name,
    cells.dimension_value,
    cells.cohort_number,
    cells.period_number,
    cells.cohort_number <= cells.last_over_number as is_closed,
    cast(coalesce(sizes.cohort_size_count, 0) as bigint) as cohort_size_count,
    cast(sum(coalesce(reached.eligible_count, 0)) over from_the_end as bigint) as eligible_count,
    cast(sum(coalesce(reached.last_count, 0)) over from_the_end as bigint) as on_or_after_count,
    coalesce(reached.on_count, 0) as on_count
from cells
left join sizes
    on cells.setting_code = sizes.setting_code
    and cells.dimension_value = sizes.dimension_value
    and cells.cohort_number = sizes.cohort_number
left join {{ ref('int_retention__recurring_returns') }} as reached
    on cells.setting_code = reached.setting_code
    and cells.dimension_value = reached.dimension_value
    and cells.cohort_number = reached.cohort_number
    and cells.period_number = reached.period_number
window from_the_end as (
    partition by cells.setting_code, cells.dimension_value, cells.cohort_number
    order by cells.period_number desc
    rows between unbounded preceding and current row
)
