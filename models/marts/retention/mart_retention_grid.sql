{% set grains = ['day', 'week', 'month'] %}
-- Retention of every cohort by each definition. A cell counts in period N once that period is over for it.
with retained as (
    select
        setting_code,
        dimension_value,
        cohort_number,
        first_period,
        last_period,
        sum(measured_count) as on_count,
        sum(every_count) as every_count,
        sum(unconverted_count) as unconverted_count
    from {{ ref('int_retention__grid_facts') }}
    where last_period <= followed_to_period
    group by setting_code, dimension_value, cohort_number, first_period, last_period
),

spine as (
    select
        grid_settings.setting_code,
        grid_settings.cohort_kind,
        cast(null as {{ dbt.type_string() }}) as start_scope_code,
        cast(null as {{ dbt.type_string() }}) as return_scope_code,
        grid_settings.measure_code,
        grid_settings.period_kind,
        grid_settings.period_grain,
        grid_settings.cohort_grain,
        grid_settings.dimension_name,
        cohorts.dimension_value,
        cohorts.cohort_number,
        cohorts.period_number,
        cohorts.cohort_size_count,
        cohorts.base_count as base_den,
        cohorts.base_unconverted_count,
        cohorts.eligible_count,
        cohorts.on_or_after_count,
        cohorts.is_closed
    from {{ ref('int_retention__grid_cohorts') }} as cohorts
    inner join {{ ref('int_retention__settings') }} as grid_settings
        on cohorts.setting_code = grid_settings.setting_code
),

-- Everybody active in a period, followed to later ones.
recurring as (
    select
        setting_code,
        'recurring' as cohort_kind,
        start_scope_code,
        return_scope_code,
        'customers' as measure_code,
        period_kind,
        period_grain,
        period_grain as cohort_grain,
        dimension_name,
        dimension_value,
        cohort_number,
        period_number,
        cohort_size_count,
        eligible_count as base_den,
        0 as base_unconverted_count,
        eligible_count,
        on_or_after_count,
        is_closed,
        on_count
    from {{ ref('int_retention__recurring_cohorts') }}
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
            when 'on' then coalesce(retained.on_count, 0)
            when 'every' then coalesce(retained.every_count, 0)
            else spine.on_or_after_count
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
        coalesce(retained.on_count, 0) as retained_num,
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
    {%- for definition in ['on', 'on_or_after'] %}
    union all
    select
        recurring.setting_code,
        recurring.cohort_kind,
        recurring.start_scope_code,
        recurring.return_scope_code,
        recurring.measure_code,
        recurring.period_kind,
        recurring.period_grain,
        recurring.cohort_grain,
        recurring.dimension_name,
        recurring.dimension_value,
        recurring.cohort_number,
        recurring.period_number,
        recurring.cohort_size_count,
        recurring.base_den,
        recurring.base_unconverted_count,
        recurring.eligible_count,
        recurring.on_or_after_count,
        recurring.is_closed,
        '{{ definition }}' as definition_code,
        recurring.period_number as first_period,
        recurring.{{ definition }}_count as retained_num,
        0 as unconverted_count
    from recurring
    {%- endfor %}
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
    start_scope_code,
    return_scope_code,
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
    and is_closed
    and unconverted_count + base_unconverted_count = 0 as is_complete,
    {{ is_reliable('eligible_count') }} as is_reliable,
    cohort_start_date
from dated
