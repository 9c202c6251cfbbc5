-- How far the customers of recurring cohorts can be followed, when they were active by the return scope, and in which
-- period for the last time.
with members as (
    select * from {{ ref('int_retention__recurring_members') }}
),

rolling_scopes as (
    select distinct return_scope_code
    from {{ ref('recurring_settings') }}
    where period_kind = 'rolling'
),

-- Rolling periods begin on any day; calendar ones need no days.
returning_days as (
    select
        active.scope_code,
        active.customer_id,
        active.active_date
    from {{ ref('fct_activity_days') }} as active
    inner join rolling_scopes
        on active.scope_code = rolling_scopes.return_scope_code
),

-- A rolling period has several days; a customer counts in it once.
rolling_returns as (
    select distinct
        members.setting_code,
        members.dimension_value,
        members.cohort_number,
        members.customer_id,
        members.followed_to_period,
        {{ rolling_number(
            days_between('members.entered_date', 'active.active_date'), 'false', 'members.period_grain'
        ) }} as period_number
    from members
    inner join returning_days as active
        on members.return_scope_code = active.scope_code
        and members.customer_id = active.customer_id
        and members.entered_date <= active.active_date
    where members.period_kind = 'rolling'
),

returned as (
    select
        members.setting_code,
        members.dimension_value,
        members.cohort_number,
        active.period_number - members.cohort_number as period_number
    from members
    inner join {{ ref('fct_activity_periods') }} as active
        on members.period_grain = active.period_grain
        and members.return_scope_code = active.scope_code
        and members.customer_id = active.customer_id
        and active.period_number between members.cohort_number and members.cohort_number + members.followed_to_period
    where members.period_kind = 'calendar'
    union all
    select
        setting_code,
        dimension_value,
        cohort_number,
        period_number
    from rolling_returns
    where period_number <= followed_to_period
),

last_periods as (
    select
        period_grain,
        scope_code,
        customer_id,
        max(period_number) as last_period
    from {{ ref('fct_activity_periods') }}
    group by period_grain, scope_code, customer_id
),

last_days as (
    select
        scope_code,
        customer_id,
        max(active_date) as last_date
    from returning_days
    group by scope_code, customer_id
),

last_returns as (
    select
        members.setting_code,
        members.dimension_value,
        members.cohort_number,
        members.followed_to_period,
        last_periods.last_period - members.cohort_number as last_return
    from members
    inner join last_periods
        on members.period_grain = last_periods.period_grain
        and members.return_scope_code = last_periods.scope_code
        and members.customer_id = last_periods.customer_id
    where members.period_kind = 'calendar'
    union all
    select
        members.setting_code,
        members.dimension_value,
        members.cohort_number,
        members.followed_to_period,
        {{ rolling_number(
            days_between('members.entered_date', 'last_days.last_date'), 'false', 'members.period_grain'
        ) }} as last_return
    from members
    inner join last_days
        on members.return_scope_code = last_days.scope_code
        and members.customer_id = last_days.customer_id
    where members.period_kind = 'rolling'
),

parts as (
    select
        setting_code,
        dimension_value,
        cohort_number,
        followed_to_period as period_number,
        1 as eligible_count,
        0 as last_count,
        0 as on_count
    from members
    where followed_to_period >= 0
    union all
    select
        setting_code,
        dimension_value,
        cohort_number,
        least(followed_to_period, last_return) as period_number,
        0 as eligible_count,
        1 as last_count,
        0 as on_count
    from last_returns
    union all
    select
        setting_code,
        dimension_value,
        cohort_number,
        period_number,
        0 as eligible_count,
        0 as last_count,
        1 as on_count
    from returned
)

select
    setting_code,
    dimension_value,
    cohort_number,
    cast(period_number as integer) as period_number,
    cast(sum(eligible_count) as bigint) as eligible_count,
    cast(sum(last_count) as bigint) as last_count,
    cast(sum(on_count) as bigint) as on_count
from parts
where period_number >= 0
group by setting_code, dimension_value, cohort_number, period_number
