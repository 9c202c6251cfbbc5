-- Every month with the periods that contain it: itself, its quarter, its year, and the windows of three and twelve
-- months that do not end after the running month. No window begins before surveys are recorded: it would look like one
-- with few answers.
with first_answer as (
    select {{ period_start('month', 'sources.observed_from') }} as first_month
    from {{ ref('dim_observation_starts') }} as sources
    where sources.source_code = 'surveys'
),

months as (
    select distinct dates.month_start_date as period_month
    from {{ ref('dim_dates') }} as dates
    inner join first_answer
        on dates.month_start_date >= first_answer.first_month
),

shifts as (
    {{ dbt.generate_series(12) }}
),

-- A calendar period begins once, a window at each of the months that it can begin with.
placed as (
    {%- for kind, months_count in cx_period_months().items() if not kind.startswith('rolling_') %}
    select
        period_month,
        '{{ kind }}' as period_kind,
        {{ period_start(kind, 'period_month') }} as period_start_date,
        {{ months_count }} as period_months
    from months
    union all
    {%- endfor %}
    {%- for kind, months_count in cx_period_months().items() if kind.startswith('rolling_') %}
    select
        months.period_month,
        '{{ kind }}' as period_kind,
        {{ add_months('months.period_month', 'cast(1 - shifts.generated_number as integer)') }} as period_start_date,
        {{ months_count }} as period_months
    from months
    inner join shifts
        on shifts.generated_number <= {{ months_count }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

bounded as (
    select
        placed.*,
        {{ add_months('placed.period_start_date', 'placed.period_months - 1') }} as last_month
    from placed
)

select
    bounded.period_month,
    bounded.period_kind,
    bounded.period_start_date,
    {{ next_period_start('month', 'bounded.last_month') }} as period_end_date,
    {{ add_months('bounded.period_start_date', '-bounded.period_months') }} as previous_start_date,
    {{ is_over('month', 'bounded.last_month') }} as is_complete
from bounded
cross join first_answer
cross join {{ ref('run_context') }} as run_context
where bounded.period_kind in ('month', 'quarter', 'year')
    or (
        bounded.period_start_date >= first_answer.first_month
        -- The last month of the window has begun.
        and bounded.last_month <= run_context.as_of_date
    )
