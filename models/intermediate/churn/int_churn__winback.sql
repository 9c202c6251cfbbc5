{{ config(materialized=inlined('view')) }}
-- Attempts to win churned customers back, and who can be compared. Customers who reactivate at once could not be
-- contacted, so groups are formed on a landmark day, of those still churned on it, by earlier contacts.
with events as (
    select
        churn_events.customer_id,
        churn_events.tenure_number,
        churn_events.churned_date,
        churn_events.reactivated_date,
        {{ add_days('churn_events.churned_date', 'policy.winback_window_days') }} as winback_to,
        {{ add_days('churn_events.churned_date', 'policy.winback_landmark_days') }} as landmark_date,
        {{ add_days('churn_events.churned_date', 'policy.winback_landmark_days + policy.winback_window_days') }}
            as outcome_to
    from {{ ref('fct_churn_events') }} as churn_events
    cross join {{ ref('policy') }} as policy
),

attempts as (
    select
        events.customer_id,
        events.tenure_number,
        events.landmark_date,
        contacts.campaign_code,
        contacts.attempted_at,
        case
            when contacts.effective_date < least(events.reactivated_date, events.winback_to) then contacts.effective_at
        end as contacted_at,
        contacts.effective_date < events.landmark_date as is_before_landmark
    from events
    inner join {{ ref('fct_contacts') }} as contacts
        on events.customer_id = contacts.customer_id
        and contacts.purpose_role = 'winback'
        and contacts.direction = 'outbound'
        and contacts.attempted_date >= events.churned_date
        and contacts.attempted_date < least(events.reactivated_date, events.winback_to)
),

contacted as (
    select
        customer_id,
        tenure_number,
        min(campaign_code) as offer_code,
        min(attempted_at) as attempted_at,
        min(contacted_at) as contacted_at,
        max(case when contacted_at is not null and is_before_landmark then 1 else 0 end) as is_before_landmark
    from attempts
    group by customer_id, tenure_number
)

select
    events.customer_id,
    events.tenure_number,
    contacted.offer_code as winback_offer_code,
    case
        when events.reactivated_date < events.landmark_date then false
        when events.landmark_date <= run_context.as_of_date then true
    end as is_churned_at_landmark,
    coalesce(contacted.is_before_landmark, 0) = 1 as is_contacted_by_landmark,
    events.outcome_to <= run_context.as_of_date as is_landmark_mature,
    coalesce(events.reactivated_date >= events.landmark_date and events.reactivated_date < events.outcome_to, false)
        as is_reactivated_after_landmark,
    events.landmark_date,
    contacted.attempted_at as winback_attempted_at,
    contacted.contacted_at as winback_contacted_at
from events
cross join {{ ref('run_context') }} as run_context
left join contacted
    on events.customer_id = contacted.customer_id
    and events.tenure_number = contacted.tenure_number
