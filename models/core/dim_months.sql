-- Months from the first customer to the running one. The last is never complete before its last day is closed.
with bounds as (
    select
        {{ period_start('month', 'coalesce(min(spells.started_date), max(run_context.as_of_date))') }} as first_month,
        max(run_context.as_of_date) as as_of_date
    from {{ ref('run_context') }} as run_context
    left join {{ ref('customer_tenures') }} as spells
        on spells.started_date <= run_context.as_of_date
),

numbers as (
    {{ dbt.generate_series(1200) }}
),

months as (
    select
        bounds.as_of_date,
        cast({{ dbt.dateadd('month', 'cast(numbers.generated_number as integer) - 1', 'bounds.first_month') }} as date)
            as month_date
    from bounds
    cross join numbers
),

ended as (
    select
        months.*,
        {{ add_days(dbt.dateadd('month', 1, 'months.month_date'), -1) }} as month_end_date
    from months
    where months.month_date <= months.as_of_date
)

select
    month_date,
    month_end_date,
    least(month_end_date, as_of_date) as last_date,
    month_end_date <= as_of_date as is_complete,
    -- Until then a leaving at the end of the month may still turn out to be a late renewal.
    {{ days_between('month_end_date', 'as_of_date') }} >= {{ threshold('churn_grace_days') }} as is_final
from ended
