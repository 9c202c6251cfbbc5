-- When each buyer is due to buy again, by the intervals between their latest purchases. All purchases of a day are one.
with days as (
    select distinct
        customer_id,
        purchased_date
    from {{ ref('fct_purchases') }}
),

spaced as (
    select
        customer_id,
        purchased_date,
        lag(purchased_date) over (partition by customer_id order by purchased_date) as previous_date,
        row_number() over (partition by customer_id order by purchased_date desc) as recency
    from days
),

intervals as (
    select
        spaced.customer_id,
        spaced.purchased_date,
        case
            -- The oldest of the latest purchases begins the first interval and ends none.
            when spaced.recency < policy.purchase_rhythm_max_purchases
                then {{ days_between('spaced.previous_date', 'spaced.purchased_date') }}
        end as interval_days
    from spaced
    cross join {{ ref('policy') }} as policy
),

measured as (
    select
        customer_id,
        max(purchased_date) as last_paid_date,
        count(interval_days) as intervals_count,
        percentile_cont(0.5) within group (order by interval_days) as median_days
    from intervals
    group by customer_id
),

paced as (
    select
        measured.customer_id,
        measured.last_paid_date,
        cast(case
            when measured.intervals_count + 1 >= policy.purchase_rhythm_min_purchases then measured.median_days
        end as {{ type_double() }}) as rhythm_days,
        {{ days_between('measured.last_paid_date', 'run_context.as_of_date') }} as since_days,
        policy.purchase_overdue_times,
        run_context.as_of_date
    from measured
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
),

due as (
    select
        paced.*,
        {{ add_days('paced.last_paid_date', 'cast(ceil(paced.rhythm_days) as integer)') }} as next_due_date
    from paced
)

select
    due.customer_id,
    due.rhythm_days,
    due.since_days,
    case
        when due.rhythm_days is null then 'no_rhythm'
        when due.since_days > due.purchase_overdue_times * due.rhythm_days then 'overdue'
        when due.next_due_date <= due.as_of_date then 'due'
        else 'not_due'
    end as purchase_state,
    case
        when due.next_due_date <= due.as_of_date then {{ days_between('due.next_due_date', 'due.as_of_date') }}
    end as past_due_days,
    due.last_paid_date,
    due.next_due_date
from due
