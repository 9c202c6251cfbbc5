{{ touched({'customer_id': 'customer_id'}, [{'relation': 'stg_product__events', 'as_of': 'occurred_date'}]) }}
-- Time passing changes nothing here: a silence that lasts stays open, and who reads it looks at the calendar. So a
-- night touches those only who used something.
with days as (
    select
        customer_id,
        component_code,
        usage_date
    from {{ ref('fct_usage_daily') }}
    where usage_date <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
        and {{ touched_scope() }}
),

customer_days as (
    select
        customer_id,
        usage_date,
        row_number() over (partition by customer_id order by usage_date) as day_number,
        lead(usage_date) over (partition by customer_id order by usage_date) as next_date
    from (
        select distinct
            customer_id,
            usage_date
        from days
    ) as distinct_days
),

component_days as (
    select
        days.customer_id,
        days.component_code,
        days.usage_date,
        customer_days.day_number,
        row_number() over uses as uses_count,
        first_value(customer_days.day_number) over uses as first_number,
        lead(days.usage_date) over uses as next_date,
        lead(customer_days.day_number) over uses as next_number
    from days
    inner join customer_days
        on days.customer_id = customer_days.customer_id
        and days.usage_date = customer_days.usage_date
    window uses as (partition by days.customer_id, days.component_code order by days.usage_date)
),

component_gaps as (
    select
        *,
        -- Days of use without the component after which chance is out of the question at the share of days it was used
        -- on: at the lower bound of that share, because a few days of use tell little about it. One day more in the
        -- denominator, so that the share is never 1.
        day_number + cast(ceil(
            ln({{ threshold('abandonment_chance_pct') }} / 100.0)
            / ln(1.0 - {{ wilson_pct('uses_count', '(day_number - first_number + 2)', 'lo') }} / 100.0)
        ) as integer) as unlikely_number
    from component_days
    where next_date is null
        or {{ days_between('usage_date', 'next_date') }} > {{ threshold('usage_run_gap_days') }}
)

select
    gaps.customer_id,
    gaps.component_code,
    gaps.uses_count,
    gaps.usage_date as gap_from,
    gaps.next_date as gap_to,
    unlikely.usage_date as unlikely_from
from component_gaps as gaps
left join customer_days as unlikely
    on gaps.customer_id = unlikely.customer_id
    and gaps.unlikely_number = unlikely.day_number
    -- Compared without OR: with it the join would be a loop over all pairs.
    and unlikely.usage_date < coalesce(gaps.next_date, {{ open_end() }})
union all
select
    customer_id,
    '*' as component_code,
    day_number as uses_count,
    usage_date as gap_from,
    next_date as gap_to,
    cast(null as date) as unlikely_from
from customer_days
where next_date is null
    or {{ days_between('usage_date', 'next_date') }} > {{ threshold('usage_run_gap_days') }}
