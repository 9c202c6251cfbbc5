-- Every month with the periods that contain it: itself, its quarter, its year, and the three-month windows that do not
-- end after the running month. No window begins before surveys are recorded: it would look like one with few answers.
with first_answer as (
    select {{ period_start('month', 'sources.observed_from') }} as first_month
    from {{ ref('dim_observation_starts') }} as sources
    where sources.source_code = 'surveys'
),

months as (
    select distinct
        dates.month_start_date as period_month,
        dates.quarter_start_date as period_quarter
    from {{ ref('dim_dates') }} as dates
    inner join first_answer
        on dates.month_start_date >= first_answer.first_month
),

shifts as (
    select 0 as months_back
    union all
    select 1 as months_back
    union all
    select 2 as months_back
),

placed as (
    select
        period_month,
        'month' as period_kind,
        period_month as period_start_date,
        1 as period_months
    from months
    union all
    select
        period_month,
        'quarter' as period_kind,
        period_quarter as period_start_date,
        3 as period_months
    from months
    union all
    select
        period_month,
        'year' as period_kind,
        {{ period_start('year', 'period_month') }} as period_start_date,
        12 as period_months
    from months
    union all
    select
        months.period_month,
        'rolling_3m' as period_kind,
        cast({{ dbt.dateadd('month', '-shifts.months_back', 'months.period_month') }} as date) as period_start_date,
        3 as period_months
    from months
    cross join shifts
),

bounded as (
    select
        placed.*,
        cast({{ dbt.dateadd('month', 'placed.period_months', 'placed.period_start_date') }} as date) as period_end_date
    from placed
)

select
    bounded.period_month,
    bounded.period_kind,
    bounded.period_start_date,
    bounded.period_end_date,
    cast({{ dbt.dateadd('month', '-bounded.period_months', 'bounded.period_start_date') }} as date)
        as previous_start_date,
    bounded.period_end_date <= {{ business_date('run_context.as_of_end_at') }} as is_complete
from bounded
cross join first_answer
cross join {{ ref('run_context') }} as run_context
where bounded.period_kind <> 'rolling_3m'
    or (
        bounded.period_start_date >= first_answer.first_month
        -- The last month of the window has begun.
        and cast({{ dbt.dateadd('month', 2, 'bounded.period_start_date') }} as date) <= run_context.as_of_date
    )
