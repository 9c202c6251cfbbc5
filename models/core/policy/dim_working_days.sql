-- Reaches beyond the business day, because deadlines lie in the future.
with ahead as (
    {{ dbt.generate_series(400) }}
),

days as (
    select date_day from {{ ref('dim_dates') }}
    union all
    select {{ add_days('run_context.as_of_date', 'cast(ahead.generated_number as integer)') }} as date_day
    from ahead
    cross join {{ ref('run_context') }} as run_context
),

classified as (
    select
        days.date_day,
        {{ weekday_number('days.date_day') }} as weekday_number,
        holidays.holiday_date is not null as is_holiday,
        not {{ is_weekend('days.date_day') }} and holidays.holiday_date is null as is_working_day
    from days
    left join {{ ref('holidays') }} as holidays
        on days.date_day = holidays.holiday_date
)

select
    date_day,
    weekday_number,
    cast(
        1 + coalesce(
            sum(case when is_working_day then 1 else 0 end) over (
                order by date_day rows between unbounded preceding and 1 preceding
            ),
            0
        ) as bigint
    ) as working_day_number,
    is_holiday,
    is_working_day
from classified
