-- What the customers of a cell did in period N since their entry, up to the horizon of their track. No customer meets a
-- day on which nothing happened; keys are whole numbers, because the rows are many.
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

-- Use by pieces of weeks cut at the end of a month: weeks and months are both sums of them.
pieces as (
    select
        customer_number,
        week_number,
        month_number,
        sum(events_count) as events_count,
        max(last_at) as last_at
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

last_uses as (
    select
        customer_number,
        {{ business_date('max(last_at)') }} as last_date,
        max(last_at) as last_at
    from pieces
    group by customer_number
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

-- The 24 hours turn in the middle of a calendar day: its first use tells of the period before the turn, its last use of
-- the period after it.
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
),

periods_of_use as (
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
),

numbered as (
    select
        *,
        row_number() over (partition by member_number order by period_number) - 1 as used_before_count,
        lag(period_number) over (partition by member_number order by period_number) as previous_period
    from periods_of_use
),

-- Once per customer and bracket: their first period of use in it.
bracketed as (
    select
        numbered.cell_number,
        brackets.first_period,
        brackets.last_period,
        count(*) as on_count
    from numbered
    inner join {{ ref('int_retention__cells') }} as cells
        on numbered.cell_number = cells.cell_number
    inner join {{ ref('retention_brackets') }} as brackets
        on cells.period_grain = brackets.period_grain
        and numbered.period_number between brackets.first_period and brackets.last_period
        and (numbered.previous_period is null or numbered.previous_period < brackets.first_period)
    group by numbered.cell_number, brackets.first_period, brackets.last_period
),

last_periods as (
    select
        members.cell_number,
        members.use_horizon,
        {{ period_since('members', 'calendar', 'last_uses.last_date', 'last_uses.last_at') }} as last_period
    from members
    inner join last_uses
        on members.customer_number = last_uses.customer_number
    inner join calendar
        on last_uses.last_date = calendar.date_day
),

-- Each part is counted on its own before they meet: they are far smaller then.
contributions as (
    select
        cell_number,
        period_number as first_period,
        period_number as last_period,
        count(*) as on_count,
        count(case when used_before_count = period_number then 1 end) as every_count,
        0 as last_count,
        sum(events_count) as events_count,
        0 as revenue_cents,
        0 as mrr_cents,
        0 as revenue_unconverted_count,
        0 as mrr_unconverted_count
    from numbered
    group by cell_number, period_number
    union all
    select
        cell_number,
        first_period,
        last_period,
        on_count,
        0 as every_count,
        0 as last_count,
        0 as events_count,
        0 as revenue_cents,
        0 as mrr_cents,
        0 as revenue_unconverted_count,
        0 as mrr_unconverted_count
    from bracketed
    union all
    select
        cell_number,
        least(last_period, use_horizon) as first_period,
        least(last_period, use_horizon) as last_period,
        0 as on_count,
        0 as every_count,
        count(*) as last_count,
        0 as events_count,
        0 as revenue_cents,
        0 as mrr_cents,
        0 as revenue_unconverted_count,
        0 as mrr_unconverted_count
    from last_periods
    where last_period >= 0
    group by cell_number, least(last_period, use_horizon)
    union all
    select
        cell_number,
        period_number as first_period,
        period_number as last_period,
        0 as on_count,
        0 as every_count,
        0 as last_count,
        0 as events_count,
        case when measure_code = 'revenue' then cents else 0 end as revenue_cents,
        case when measure_code = 'mrr' then cents else 0 end as mrr_cents,
        case when measure_code = 'revenue' then unconverted_count else 0 end as revenue_unconverted_count,
        case when measure_code = 'mrr' then unconverted_count else 0 end as mrr_unconverted_count
    from {{ ref('int_retention__cell_money') }}
)

select
    cell_number,
    cast(sum(on_count) as bigint) as on_count,
    cast(sum(every_count) as bigint) as every_count,
    cast(sum(last_count) as bigint) as last_count,
    cast(sum(events_count) as bigint) as events_count,
    cast(sum(revenue_cents) as bigint) as revenue_cents,
    cast(sum(mrr_cents) as bigint) as mrr_cents,
    cast(sum(revenue_unconverted_count) as bigint) as revenue_unconverted_count,
    cast(sum(mrr_unconverted_count) as bigint) as mrr_unconverted_count,
    cast(first_period as integer) as first_period,
    cast(last_period as integer) as last_period
from contributions
group by cell_number, first_period, last_period
