with bounds as (
    select
        coalesce(min(customers.registered_date), max(run_context.as_of_date)) as first_date,
        max(run_context.as_of_date) as last_date
    from {{ ref('run_context') }} as run_context
    left join {{ ref('stg_crm__customers') }} as customers
        on customers.registered_date <= run_context.as_of_date
),

numbers as (
    {{ dbt.generate_series(20000) }}
),

days as (
    select {{ add_days('bounds.first_date', 'cast(numbers.generated_number as integer) - 1') }} as date_day
    from bounds
    cross join numbers
    where numbers.generated_number <= {{ days_between('bounds.first_date', 'bounds.last_date') }} + 1
)

select
    date_day,
    {{ period_start('week', 'date_day') }} as week_start_date,
    {{ period_start('month', 'date_day') }} as month_start_date,
    {{ period_start('quarter', 'date_day') }} as quarter_start_date,
    {{ is_weekend('date_day') }} as is_weekend
from days
