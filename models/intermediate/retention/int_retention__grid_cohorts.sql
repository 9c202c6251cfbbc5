-- Every cohort of every grid with each of its periods: how many of its customers can be followed so far, what they
-- brought in period 0, and how many were seen in the period or later.
with members as (
    select * from {{ ref('int_retention__grid_cells') }}
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

-- How far each cell can be followed, and how far its customers came: read from the far end, both are running totals.
reaches as (
    select
        setting_code,
        dimension_value,
        cohort_number,
        followed_to_period as reached_period,
        case when measure_code = 'customers' then customers_count else 0 end as base_count,
        0 as base_unconverted_count,
        customers_count as eligible_count,
        0 as last_count
    from members
    where followed_to_period >= 0
    union all
    select
        facts.setting_code,
        facts.dimension_value,
        facts.cohort_number,
        facts.followed_to_period as reached_period,
        -- Of money and of use, the base is period 0 of the same customers.
        case when grid_settings.measure_code <> 'customers' then facts.measured_count else 0 end as base_count,
        facts.unconverted_count as base_unconverted_count,
        0 as eligible_count,
        0 as last_count
    from {{ ref('int_retention__grid_facts') }} as facts
    inner join {{ ref('int_retention__settings') }} as grid_settings
        on facts.setting_code = grid_settings.setting_code
    where facts.last_period = 0
    union all
    select
        setting_code,
        dimension_value,
        cohort_number,
        least(followed_to_period, last_period) as reached_period,
        0 as base_count,
        0 as base_unconverted_count,
        0 as eligible_count,
        last_count
    from {{ ref('int_retention__grid_facts') }}
    where first_period = last_period
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

-- As many as dim_dates has days: a cohort may be a day.
series as (
    {{ dbt.generate_series(20000) }}
),

numbers as (
    select cast(generated_number - 1 as integer) as period_number
    from series
),

-- Every value that some cohort has, in every cohort since the first: a week in which nobody came is a row.
grids as (
    select
        setting_code,
        current_cohort,
        last_closed_cohort,
        min(cohort_number) as first_cohort
    from members
    group by setting_code, current_cohort, last_closed_cohort
),

found_values as (
    select distinct
        setting_code,
        dimension_value
    from sizes
),

cohorts as (
    select
        grids.setting_code,
        grids.last_closed_cohort,
        found_values.dimension_value,
        grids.current_cohort - numbers.period_number as cohort_number
    from grids
    inner join numbers
        on grids.current_cohort - numbers.period_number >= grids.first_cohort
    inner join found_values
        on grids.setting_code = found_values.setting_code
)

select
    cohorts.setting_code,
    cohorts.dimension_value,
    cohorts.cohort_number,
    numbers.period_number,
    coalesce(cohorts.cohort_number <= cohorts.last_closed_cohort, false) as is_closed,
    cast(coalesce(sizes.cohort_size_count, 0) as bigint) as cohort_size_count,
    cast(sum(coalesce(reached.base_count, 0)) over from_the_end as bigint) as base_count,
    cast(sum(coalesce(reached.base_unconverted_count, 0)) over from_the_end as bigint) as base_unconverted_count,
    cast(sum(coalesce(reached.eligible_count, 0)) over from_the_end as bigint) as eligible_count,
    cast(sum(coalesce(reached.last_count, 0)) over from_the_end as bigint) as on_or_after_count
from cohorts
inner join {{ ref('int_retention__settings') }} as grid_settings
    on cohorts.setting_code = grid_settings.setting_code
inner join numbers
    on grid_settings.horizon_periods >= numbers.period_number
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
