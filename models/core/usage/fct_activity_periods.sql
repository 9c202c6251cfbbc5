{% set grains = ['day', 'week', 'month'] %}
-- Customers in the days, weeks and months in which they were active, for the scopes and grains that policy counts, as
-- far back as it asks. Days of activity are many, so they are read once, here.
with calendar as (
    {{ numbered_days() }}
),

today as (
    {%- for grain in grains %}
    select
        '{{ grain }}' as period_grain,
        {{ period_number(grain, 'run_context.as_of_date') }} as current_number
    from {{ ref('run_context') }} as run_context
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- The lifecycle looks back on a month of days, or on one period; recurring cohorts on none.
asked as (
    select
        lifecycles.scope_code,
        lifecycles.period_grain,
        lifecycles.history_periods
        + case lifecycles.period_grain when 'day' then policy.monthly_active_days else 1 end as periods_count
    from {{ ref('activity_settings') }} as lifecycles
    cross join {{ ref('policy') }} as policy
    union all
    select
        start_scope_code as scope_code,
        period_grain,
        cohorts_count as periods_count
    from {{ ref('recurring_settings') }}
    union all
    select
        return_scope_code as scope_code,
        period_grain,
        cohorts_count as periods_count
    from {{ ref('recurring_settings') }}
),

chosen as (
    select
        asked.scope_code,
        asked.period_grain,
        max(today.current_number) - max(coalesce(asked.periods_count, 1000000)) as last_before
    from asked
    inner join today
        on asked.period_grain = today.period_grain
    group by asked.scope_code, asked.period_grain
),

active_days as (
    select
        active.scope_code,
        active.customer_id,
        active.active_date,
        calendar.day_number,
        calendar.week_number,
        calendar.month_number
    from {{ ref('fct_activity_days') }} as active
    inner join calendar
        on active.active_date = calendar.date_day
),

firsts as (
    select
        scope_code,
        customer_id,
        min(active_date) as first_date
    from active_days
    group by scope_code, customer_id
),

periods as (
    {%- for grain in grains %}
    select
        chosen.scope_code,
        chosen.period_grain,
        active_days.customer_id,
        active_days.{{ grain }}_number as period_number,
        {{ '1' if grain == 'day' else 'count(*)' }} as active_days_count,
        {{ 'active_days.active_date' if grain == 'day' else 'min(active_days.active_date)' }} as first_active_date,
        {{ 'active_days.active_date' if grain == 'day' else 'max(active_days.active_date)' }} as last_active_date
    from active_days
    inner join chosen
        on active_days.scope_code = chosen.scope_code
        and chosen.period_grain = '{{ grain }}'
        and active_days.{{ grain }}_number > chosen.last_before
    {{ 'group by chosen.scope_code, chosen.period_grain, active_days.customer_id, active_days.' ~ grain ~ '_number'
        if grain != 'day' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    periods.scope_code,
    periods.period_grain,
    periods.customer_id,
    cast(periods.period_number as integer) as period_number,
    cast(periods.active_days_count as integer) as active_days_count,
    periods.first_active_date = firsts.first_date as is_first,
    periods.first_active_date,
    periods.last_active_date
from periods
inner join firsts
    on periods.scope_code = firsts.scope_code
    and periods.customer_id = firsts.customer_id
