-- Who is gone as of the day: a contract that ran out longer ago than the grace, else silence by the segment's limit.
with contracts as (
    select
        periods.customer_id,
        max(coalesce(periods.valid_to, date '9999-12-31')) as covered_until
    from {{ ref('stg_billing__subscription_periods') }} as periods
    inner join {{ ref('run_context') }} as run_context
        on periods.valid_from <= run_context.as_of_date
    group by periods.customer_id
),

last_uses as (
    select
        events.customer_id,
        max(cast(events.last_at as date)) as last_use_date
    from {{ ref('state_customer_events') }} as events
    inner join {{ ref('dim_events') }} as catalogue
        on events.event_name = catalogue.event_name
        and catalogue.is_usage
    group by events.customer_id
),

candidates as (
    select
        registration.customer_id,
        case
            when contracts.customer_id is not null then contracts.covered_until
            else {{ add_days(
                'coalesce(last_uses.last_use_date, registration.registered_date)', 'segments.churn_inactivity_days'
            ) }}
        end as left_date,
        case
            when contracts.customer_id is not null then {{ threshold('churn_grace_days') }}
            else 0
        end as grace_days
    from {{ ref('int_customers__registration') }} as registration
    left join contracts
        on registration.customer_id = contracts.customer_id
    left join last_uses
        on registration.customer_id = last_uses.customer_id
    left join {{ ref('dim_segments') }} as segments
        on registration.registration_segment_code = segments.segment_code
)

select
    candidates.customer_id,
    candidates.left_date
from candidates
cross join {{ ref('run_context') }} as run_context
where candidates.left_date < date '9999-12-31'
    and {{ days_between('candidates.left_date', 'run_context.as_of_date') }} >= candidates.grace_days
