-- Periods of use without a gap longer than the segment allows, from registration on. They define who is a customer in a
-- company without contracts. The limit is that of the segment on the day on which the gap began.
with accounts as (
    select
        customer_id,
        source_customer_id,
        registered_date,
        deleted_date
    from {{ ref('customer_accounts') }}
),

-- All of them are different: a day of use is a row per customer, and later than the registration.
active_days as (
    select
        customer_id,
        registered_date as active_date
    from accounts
    union all
    select
        accounts.customer_id,
        usage_days.usage_date as active_date
    from {{ ref('fct_customer_usage_daily') }} as usage_days
    inner join accounts
        on usage_days.customer_id = accounts.source_customer_id
        and usage_days.usage_date > accounts.registered_date
        and usage_days.usage_date < coalesce(accounts.deleted_date, {{ end_of_time('date') }})
    where usage_days.usage_date <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
),

followed as (
    select
        *,
        lead(active_date) over (partition by customer_id order by active_date) as next_active_date
    from active_days
),

-- Only gaps longer than the shortest limit are compared with their segment's limit; few days have one.
gaps as (
    select
        followed.*,
        accounts.source_customer_id,
        accounts.deleted_date
    from followed
    inner join accounts
        on followed.customer_id = accounts.customer_id
    where followed.next_active_date is null
        or {{ days_between('followed.active_date', 'followed.next_active_date') }}
        > (select min(segments.churn_inactivity_days) from {{ ref('segments') }} as segments)
),

-- A first segment that was assigned late holds from the beginning.
memberships as (
    select
        customer_id,
        segment_code,
        case
            when lag(valid_from) over (partition by customer_id order by valid_from) is null then date '1900-01-01'
            else valid_from
        end as valid_from,
        valid_to
    from {{ ref('dim_customer_segments') }}
    where scheme = 'usage'
),

limited as (
    select
        gaps.customer_id,
        gaps.active_date,
        gaps.next_active_date,
        least({{ add_days('gaps.active_date', 'limits.churn_inactivity_days') }}, gaps.deleted_date) as inactive_date
    from gaps
    left join memberships
        on gaps.source_customer_id = memberships.customer_id
        and {{ holds_at('memberships', 'gaps.active_date') }}
    left join {{ ref('segments') }} as limits
        on memberships.segment_code = limits.segment_code
),

ends as (
    select
        *,
        lag(next_active_date) over (partition by customer_id order by active_date) as reactivated_date,
        row_number() over (partition by customer_id order by active_date) as activity_number
    from limited
    -- A customer without a segment has no limit and never becomes inactive.
    where next_active_date is null
        or next_active_date > inactive_date
)

select
    ends.customer_id,
    ends.activity_number,
    coalesce(ends.reactivated_date, accounts.registered_date) as started_date,
    ends.inactive_date
from ends
inner join accounts
    on ends.customer_id = accounts.customer_id
