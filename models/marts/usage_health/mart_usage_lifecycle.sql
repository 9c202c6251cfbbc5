{% set grains = ['day', 'week', 'month'] %}
{% set measures = ['active', 'new', 'doubtful', 'returning', 'active_days', 'previous', 'dormant'] %}
-- Active customers of each period as a bridge from the period before, and how often they are active.
with calendar as (
    {{ numbered_days() }}
),

found_values as (
    select
        scope_code,
        period_grain,
        dimension_name,
        dimension_value,
        min(period_number) as first_period
    from {{ ref('int_usage__lifecycle_counts') }}
    group by scope_code, period_grain, dimension_name, dimension_value
),

periods as (
    {%- for grain in grains %}
    select distinct
        '{{ grain }}' as period_grain,
        {{ grain }}_number as period_number,
        {{ period_first_day(grain, grain ~ '_number') }} as period_start_date
    from calendar
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

filled as (
    select
        found_values.scope_code,
        found_values.period_grain,
        found_values.dimension_name,
        found_values.dimension_value,
        periods.period_number,
        periods.period_start_date,
        {%- for measure in measures %}
        coalesce(counts.{{ measure }}_count, 0) as {{ measure }}_count,
        {%- endfor %}
        case
            when found_values.period_grain = 'day'
                then sum(coalesce(counts.active_count - counts.week_ended_count, 0)) over so_far
        end as week_active_count,
        case
            when found_values.period_grain = 'day'
                then sum(coalesce(counts.active_count - counts.month_ended_count, 0)) over so_far
        end as month_active_count
    from found_values
    inner join periods
        on found_values.period_grain = periods.period_grain
        and found_values.first_period <= periods.period_number
    left join {{ ref('int_usage__lifecycle_counts') }} as counts
        on found_values.scope_code = counts.scope_code
        and found_values.period_grain = counts.period_grain
        and found_values.dimension_name = counts.dimension_name
        and found_values.dimension_value = counts.dimension_value
        and periods.period_number = counts.period_number
    window so_far as (
        partition by
            found_values.scope_code, found_values.period_grain, found_values.dimension_name,
            found_values.dimension_value
        order by periods.period_number
        rows between unbounded preceding and current row
    )
),

last_periods as (
    select
        period_grain,
        max(period_number) as last_period
    from periods
    group by period_grain
),

shown as (
    select
        filled.*,
        {{ days_between('filled.period_start_date', 'least('
            ~ next_period_start('filled.period_grain', 'filled.period_start_date') ~ ', '
            ~ add_days('run_context.as_of_date', 1) ~ ')') }} as days_count,
        {{ is_over('filled.period_grain', 'filled.period_start_date') }}
        and coalesce(filled.period_start_date >= sources.observed_from, false) as is_complete
    from filled
    inner join last_periods
        on filled.period_grain = last_periods.period_grain
    inner join {{ ref('activity_settings') }} as wanted
        on filled.scope_code = wanted.scope_code
        and filled.period_grain = wanted.period_grain
        and filled.period_number > last_periods.last_period - coalesce(wanted.history_periods, 1000000)
    inner join {{ ref('activity_scopes') }} as named
        on filled.scope_code = named.scope_code
    cross join {{ ref('run_context') }} as run_context
    left join {{ ref('dim_observation_starts') }} as sources
        on case named.scope_kind when 'purchases' then 'payments' else 'events' end = sources.source_code
)

select
    scope_code,
    period_grain as period_grain_code,
    dimension_name,
    dimension_value,
    active_count,
    previous_count as active_before_count,
    new_count,
    doubtful_count as new_doubtful_count,
    returning_count,
    active_count - new_count - returning_count as resurrecting_count,
    -dormant_count as dormant_change,
    -- What the value gains by customers who had another value in the period before.
    returning_count - (previous_count - dormant_count) as moved_change,
    cast(previous_count - dormant_count as bigint) as retained_num,
    previous_count as retained_den,
    {{ pct('(previous_count - dormant_count)', 'previous_count') }} as retained_pct,
    {{ wilson_pct('(previous_count - dormant_count)', 'previous_count', 'lo') }} as retained_ci_lo,
    {{ wilson_pct('(previous_count - dormant_count)', 'previous_count', 'hi') }} as retained_ci_hi,
    active_days_count as stickiness_num,
    cast(active_count * days_count as bigint) as stickiness_den,
    {{ pct('active_days_count', '(active_count * days_count)') }} as stickiness_pct,
    {%- for name, numerator, denominator in [
        ('day_of_week', 'active', 'week_active'), ('day_of_month', 'active', 'month_active'),
        ('week_of_month', 'week_active', 'month_active')
    ] %}
    case when period_grain = 'day' then cast({{ numerator }}_count as bigint) end as {{ name }}_num,
    cast({{ denominator }}_count as bigint) as {{ name }}_den,
    {{ pct(numerator ~ '_count', denominator ~ '_count') }} as {{ name }}_pct,
    {{ wilson_pct(numerator ~ '_count', denominator ~ '_count', 'lo') }} as {{ name }}_ci_lo,
    {{ wilson_pct(numerator ~ '_count', denominator ~ '_count', 'hi') }} as {{ name }}_ci_hi,
    {%- endfor %}
    is_complete,
    {{ is_reliable('active_count') }} as is_reliable,
    period_start_date
from shown
