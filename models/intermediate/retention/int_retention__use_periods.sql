{{ config(materialized=inlined('view')) }}
-- Periods since the entry in which customers used the product, up to the horizon of their track. No customer meets a
-- day without use; keys are whole numbers, because there are many rows. A view, because one model reads it.
with calendar as (
    {{ numbered_days() }}
),

members as (
    select * from {{ ref('int_retention__members') }}
),

customers as (
    select
        customer_id,
        customer_number,
        min(entered_date) as first_date,
        -- Days are only needed where some track follows days.
        max(case
            when period_kind = 'rolling' or period_grain = 'day' then {{ add_days(
                'entered_date', '(use_horizon + 1) * ' ~ rolling_days('period_grain')
            ) }}
        end) as last_followed_date
    from members
    group by customer_id, customer_number
),

use_days as (
    select
        customers.customer_number,
        calendar.day_number,
        calendar.week_number,
        calendar.month_number,
        facts.usage_date,
        facts.events_count,
        facts.first_at,
        facts.last_at,
        coalesce(facts.usage_date between customers.first_date and customers.last_followed_date, false) as is_followed
    from {{ ref('fct_component_usage_daily') }} as facts
    inner join calendar
        on facts.usage_date = calendar.date_day
    inner join customers
        on facts.customer_id = customers.customer_id
),

-- Use by pieces of weeks that end with the month: weeks and months are both sums of them.
pieces as (
    select
        customer_number,
        week_number,
        month_number,
        sum(events_count) as events_count
    from use_days
    group by customer_number, week_number, month_number
),

weeks as (
    select
        customer_number,
        week_number,
        sum(events_count) as events_count
    from pieces
    group by customer_number, week_number
),

months as (
    select
        customer_number,
        month_number,
        sum(events_count) as events_count
    from pieces
    group by customer_number, month_number
),

days as (
    select
        customer_number,
        day_number,
        usage_date,
        sum(events_count) as events_count,
        min(first_at) as first_at,
        max(last_at) as last_at
    from use_days
    where is_followed
    group by customer_number, day_number, usage_date
),

rolling_days as (
    select
        members.member_number,
        members.cell_number,
        members.period_grain,
        members.use_horizon,
        days.day_number - members.day_number as days_since,
        days.first_at,
        days.last_at,
        {{ add_on_clock('day', 'members.entered_at', 'days.day_number - members.day_number') }} as turn_at
    from members
    inner join days
        on members.customer_number = days.customer_number
        and members.day_number <= days.day_number
    where members.period_kind = 'rolling'
),

-- The 24 hours turn in the middle of a calendar day: its first use belongs to the period before the turn, its
-- last use to the period after it.
rolling_periods as (
    {%- for side in ['before', 'after'] %}
    select
        member_number,
        cell_number,
        {{ rolling_number('days_since', 'true' if side == 'before' else 'false', 'period_grain') }} as period_number,
        use_horizon
    from rolling_days
    where {{ 'first_at < turn_at' if side == 'before' else 'last_at >= turn_at' }}
    {{ 'union' if side == 'before' }}
    {%- endfor %}
)

{%- for grain in ['day', 'week', 'month'] %}
select
    members.member_number,
    members.cell_number,
    {{ grain }}s.{{ grain }}_number - members.{{ grain }}_number as period_number,
    {{ grain }}s.events_count
from members
inner join {{ grain }}s
    on members.customer_number = {{ grain }}s.customer_number
    and {{ grain }}s.{{ grain }}_number - members.{{ grain }}_number between 0 and members.use_horizon
where members.period_kind = 'calendar'
    and members.period_grain = '{{ grain }}'
union all
{%- endfor %}
select
    member_number,
    cell_number,
    period_number,
    0 as events_count
from rolling_periods
where period_number between 0 and use_horizon
