-- What the customers of a cell did in period N since their entry, up to the horizon of their track.
with calendar as (
    {{ numbered_days() }}
),

members as (
    select * from {{ ref('int_retention__members') }}
),

last_uses as (
    select
        facts.customer_id,
        {{ business_date('max(facts.last_at)') }} as last_date,
        max(facts.last_at) as last_at
    from {{ ref('fct_component_usage_daily') }} as facts
    inner join calendar
        on facts.usage_date = calendar.date_day
    group by facts.customer_id
),

numbered as (
    select
        *,
        row_number() over (partition by member_number order by period_number) - 1 as used_before_count,
        lag(period_number) over (partition by member_number order by period_number) as previous_period
    from {{ ref('int_retention__use_periods') }}
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
        on members.customer_id = last_uses.customer_id
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
