-- Prevents a bridge of active customers that begins with others than the period before ended with, values that do not
-- add up to everybody, and a distribution of active days over other customers.
with rows_of_use as (
    select * from {{ ref('mart_usage_lifecycle') }}
),

chained as (
    select
        *,
        lag(active_count) over (
            partition by scope_code, period_grain_code, dimension_name, dimension_value order by period_start_date
        ) as active_of_period_before
    from rows_of_use
),

summed as (
    select
        whole.scope_code,
        whole.period_grain_code,
        whole.period_start_date,
        parts.dimension_name
    from rows_of_use as whole
    inner join rows_of_use as parts
        on whole.scope_code = parts.scope_code
        and whole.period_grain_code = parts.period_grain_code
        and whole.period_start_date = parts.period_start_date
        and parts.dimension_name <> 'all'
    where whole.dimension_name = 'all'
    group by
        whole.scope_code, whole.period_grain_code, whole.period_start_date, parts.dimension_name, whole.active_count,
        whole.dormant_change
    having sum(parts.active_count) <> whole.active_count
        or sum(parts.dormant_change) <> whole.dormant_change
        or sum(parts.moved_change) <> 0
),

frequencies as (
    select
        scope_code,
        period_grain_code,
        dimension_name,
        dimension_value,
        period_start_date,
        sum(customers_num) as active_count,
        sum(customers_num * active_days) as active_days_count
    from {{ ref('mart_usage_frequency') }}
    group by scope_code, period_grain_code, dimension_name, dimension_value, period_start_date
)

select
    'chain' as fault,
    scope_code,
    period_grain_code,
    period_start_date
from chained
where active_before_count <> active_of_period_before
union all
select
    'sum of ' || dimension_name as fault,
    scope_code,
    period_grain_code,
    period_start_date
from summed
union all
select
    'distribution' as fault,
    rows_of_use.scope_code,
    rows_of_use.period_grain_code,
    rows_of_use.period_start_date
from rows_of_use
left join frequencies
    on rows_of_use.scope_code = frequencies.scope_code
    and rows_of_use.period_grain_code = frequencies.period_grain_code
    and rows_of_use.dimension_name = frequencies.dimension_name
    and rows_of_use.dimension_value = frequencies.dimension_value
    and rows_of_use.period_start_date = frequencies.period_start_date
where rows_of_use.period_grain_code <> 'day'
    and (
        rows_of_use.active_count <> coalesce(frequencies.active_count, 0)
        or rows_of_use.stickiness_num <> coalesce(frequencies.active_days_count, 0)
    )
