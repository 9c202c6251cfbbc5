-- Activities by weekday and hour, on the clock of the company.
with activities as (
    select * from {{ ref('int_usage__timed_activities') }}
),

broken_down as (
    {{ breakdowns_with_attributes('activities', lifetime_dimensions(), 'activity_date') }}
),

counted as (
    select
        dimension_name,
        dimension_value,
        activity_code,
        weekday_order,
        hour_order,
        count(*) as activities_count,
        count(is_effective) as attempts_count,
        count(case when is_effective then 1 end) as effective_count
    from broken_down
    group by activity_code, weekday_order, hour_order, dimension_name, dimension_value
),

totals as (
    select
        dimension_name,
        dimension_value,
        activity_code,
        sum(activities_count) as total_count
    from counted
    group by dimension_name, dimension_value, activity_code
),

numbers as (
    {{ dbt.generate_series(168) }}
),

-- Every hour of the week is a cell, also one without an activity.
cells as (
    select
        totals.*,
        cast(floor((numbers.generated_number - 1) / 24.0) + 1 as integer) as weekday_order,
        cast(numbers.generated_number - 1 - 24 * floor((numbers.generated_number - 1) / 24.0) as integer) as hour_order
    from totals
    cross join numbers
),

windows as (
    select
        min(first_date) as period_start_date,
        max(last_date) as period_end_date
    from activities
)

select
    cells.activity_code,
    cells.dimension_name,
    cells.dimension_value,
    cast(cells.weekday_order as bigint) as weekday_order,
    cast(cells.hour_order as bigint) as hour_order,
    cast(coalesce(counted.activities_count, 0) as bigint) as activity_num,
    cast(cells.total_count as bigint) as activity_den,
    {{ pct('coalesce(counted.activities_count, 0)', 'cells.total_count') }} as activity_pct,
    case
        when cells.activity_code = 'contact_outbound' then cast(coalesce(counted.effective_count, 0) as bigint)
    end as effective_num,
    case
        when cells.activity_code = 'contact_outbound' then cast(coalesce(counted.attempts_count, 0) as bigint)
    end as effective_den,
    {{ pct('counted.effective_count', 'counted.attempts_count') }} as effective_pct,
    {{ wilson_pct('counted.effective_count', 'counted.attempts_count', 'lo') }} as effective_ci_lo,
    {{ wilson_pct('counted.effective_count', 'counted.attempts_count', 'hi') }} as effective_ci_hi,
    {{ is_reliable('coalesce(counted.activities_count, 0)') }} as is_reliable,
    windows.period_start_date,
    windows.period_end_date
from cells
cross join windows
left join counted
    on cells.dimension_name = counted.dimension_name
    and cells.dimension_value = counted.dimension_value
    and cells.activity_code = counted.activity_code
    and cells.weekday_order = counted.weekday_order
    and cells.hour_order = counted.hour_order
