{% set grains = ['week', 'month'] %}
-- Active customers of a week or month by the number of days on which they were active.
with calendar as (
    {{ numbered_days() }}
),

counted as (
    select
        dimension_name,
        dimension_value,
        scope_code,
        period_grain,
        period_number,
        active_days_count,
        sum(customers_count) as customers_count
    from {{ ref('int_usage__activity_cells') }}
    where period_grain <> 'day'
    group by dimension_name, dimension_value, scope_code, period_grain, period_number, active_days_count
),

periods as (
    {%- for grain in grains %}
    select
        '{{ grain }}' as period_grain,
        {{ grain }}_number as period_number,
        max({{ grain }}_number) over () as last_period,
        {{ period_first_day(grain, grain ~ '_number') }} as period_start_date,
        {{ days_between(
            period_first_day(grain, grain ~ '_number'), period_first_day(grain, '(' ~ grain ~ '_number + 1)')
        ) }} as days_count
    from (select distinct {{ grain }}_number from calendar) as numbers
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

numbers as (
    {{ dbt.generate_series(31) }}
),

totals as (
    select
        scope_code,
        period_grain,
        dimension_name,
        dimension_value,
        period_number,
        sum(customers_count) as active_count
    from counted
    group by scope_code, period_grain, dimension_name, dimension_value, period_number
),

filled as (
    select
        totals.*,
        numbers.generated_number as active_days,
        coalesce(counted.customers_count, 0) as customers_count,
        sum(coalesce(counted.customers_count, 0)) over (
            partition by
                totals.scope_code, totals.period_grain, totals.dimension_name, totals.dimension_value,
                totals.period_number
            order by numbers.generated_number desc
            rows between unbounded preceding and current row
        ) as at_least_count,
        periods.period_start_date
    from totals
    inner join periods
        on totals.period_grain = periods.period_grain
        and totals.period_number = periods.period_number
    inner join {{ ref('activity_settings') }} as wanted
        on totals.scope_code = wanted.scope_code
        and totals.period_grain = wanted.period_grain
        and totals.period_number > periods.last_period - coalesce(wanted.history_periods, 1000000)
    inner join numbers
        on numbers.generated_number <= periods.days_count
    left join counted
        on totals.scope_code = counted.scope_code
        and totals.period_grain = counted.period_grain
        and totals.dimension_name = counted.dimension_name
        and totals.dimension_value = counted.dimension_value
        and totals.period_number = counted.period_number
        and numbers.generated_number = counted.active_days_count
)

select
    filled.scope_code,
    filled.period_grain as period_grain_code,
    filled.dimension_name,
    filled.dimension_value,
    cast(filled.active_days as bigint) as active_days,
    {%- for name, measure in [('customers', 'customers_count'), ('at_least', 'at_least_count')] %}
    cast(filled.{{ measure }} as bigint) as {{ name }}_num,
    cast(filled.active_count as bigint) as {{ name }}_den,
    {{ pct('filled.' ~ measure, 'filled.active_count') }} as {{ name }}_pct,
    {{ wilson_pct('filled.' ~ measure, 'filled.active_count', 'lo') }} as {{ name }}_ci_lo,
    {{ wilson_pct('filled.' ~ measure, 'filled.active_count', 'hi') }} as {{ name }}_ci_hi,
    {%- endfor %}
    {{ is_over('filled.period_grain', 'filled.period_start_date') }}
    and coalesce(filled.period_start_date >= sources.observed_from, false) as is_complete,
    {{ is_reliable('filled.active_count') }} as is_reliable,
    filled.period_start_date
from filled
cross join {{ ref('run_context') }} as run_context
inner join {{ ref('activity_scopes') }} as named
    on filled.scope_code = named.scope_code
left join {{ ref('dim_observation_starts') }} as sources
    on case named.scope_kind when 'purchases' then 'payments' else 'events' end = sources.source_code
