-- Prevents grids that contradict: customers seen in every period are seen on it and so on or after it, a longer wait
-- finds no more, and the values of a dimension add up to the whole of the same cohort where the policy asks for both.
with grid as (
    select
        *,
        setting_code || ' ' || cohort_label || ' ' || dimension_value as cohort_key,
        cohort_kind || coalesce(' ' || start_scope_code || ' ' || return_scope_code, '') as entry_kind
    from {{ ref('mart_retention_grid') }}
    where measure_code = 'customers'
),

definitions as (
    select
        cohort_key,
        last_period_order,
        max(case when definition_code = 'on' then retained_num end) as on_num,
        max(case when definition_code = 'every' then retained_num end) as every_num,
        max(case when definition_code = 'on_or_after' then retained_num end) as on_or_after_num
    from grid
    where definition_code <> 'within'
    group by cohort_key, last_period_order
),

-- A cohort of which some are too young shrinks from period to period, so only whole cohorts can be compared over time.
steps as (
    select
        cohort_key,
        definition_code,
        retained_num - lag(retained_num) over (
            partition by cohort_key, definition_code order by last_period_order
        ) as rise
    from grid
    where definition_code in ('every', 'on_or_after')
),

wholes as (
    select
        entry_kind,
        period_kind,
        period_grain_code,
        cohort_grain_code,
        cohort_label,
        definition_code,
        first_period_order,
        last_period_order,
        setting_code,
        dimension_name,
        sum(retained_num) as retained_num,
        sum(eligible_count) as eligible_count
    from grid
    group by
        entry_kind, period_kind, period_grain_code, cohort_grain_code, cohort_label, definition_code,
        first_period_order, last_period_order, setting_code, dimension_name
)

select
    'definitions contradict' as fault,
    cohort_key
from definitions
where every_num > on_num
    or on_num > on_or_after_num
union all
select
    'rises with the period' as fault,
    cohort_key
from steps
where rise > 0
union all
select
    'a dimension does not add up to the whole' as fault,
    parts.setting_code || ' ' || parts.cohort_label as cohort_key
from wholes as parts
inner join wholes
    on parts.entry_kind = wholes.entry_kind
    and parts.period_kind = wholes.period_kind
    and parts.period_grain_code = wholes.period_grain_code
    and parts.cohort_grain_code = wholes.cohort_grain_code
    and parts.cohort_label = wholes.cohort_label
    and parts.definition_code = wholes.definition_code
    and parts.first_period_order = wholes.first_period_order
    and parts.last_period_order = wholes.last_period_order
    and wholes.dimension_name = 'all'
where parts.retained_num <> wholes.retained_num
    or parts.eligible_count <> wholes.eligible_count
