{{ config(materialized=inlined('view')) }}
-- Who was there when a component was released, when they learned of it and when they took it up (ACT-16). Exposure is
-- what a customer knew just before the first use, or at the landmark day if that comes first: customers who use it or
-- churn at once have less time to be notified, so later notices form no group.
with releases as (
    select
        changes.change_id,
        changes.component_code,
        changes.effective_date,
        changes.effective_at,
        least(changes.effective_at, coalesce(changes.announced_at, changes.effective_at)) as known_from,
        {{ add_days('changes.effective_date', 'policy.release_adoption_days') }} as window_to,
        {{ add_days('changes.effective_date', 'policy.release_landmark_days') }} as landmark_date
    from {{ ref('dim_changes') }} as changes
    cross join {{ ref('policy') }} as policy
    where changes.change_kind = 'feature_release'
        and changes.component_code is not null
),

-- Newcomers of the day and later never knew the product without it. Nobody can take up what the plan does not hold.
members as (
    select
        releases.*,
        periods.customer_id,
        periods.segment_code
    from releases
    inner join {{ ref('customer_usage_periods') }} as periods
        on periods.registered_date < releases.effective_date
        and periods.observed_date <= releases.effective_date
        and periods.valid_from <= releases.effective_date
        and coalesce(periods.valid_to, {{ end_of_time('date') }}) > releases.effective_date
    inner join {{ ref('dim_segment_components') }} as components
        on periods.segment_code = components.segment_code
        and releases.component_code = components.component_code
        and components.is_relevant
    left join {{ ref('plan_components') }} as holdings
        on periods.plan_code = holdings.plan_code
        and releases.component_code = holdings.component_code
    where coalesce(holdings.is_available, true)
),

first_uses as (
    select
        members.change_id,
        members.customer_id,
        uses.first_use_date,
        daily.first_at as first_use_at
    from members
    inner join {{ ref('state_customer_component_usage') }} as uses
        on members.customer_id = uses.customer_id
        and members.component_code = uses.component_code
        and uses.first_use_date < members.window_to
    -- The moment matters only where it may lie before or after a notice.
    left join {{ ref('fct_component_usage_daily') }} as daily
        on uses.customer_id = daily.customer_id
        and uses.component_code = daily.component_code
        and uses.first_use_date = daily.usage_date
        and daily.usage_date >= members.effective_date
),

notices as (
    select
        members.change_id,
        members.customer_id,
        min(contacts.effective_at) as notified_at,
        min(contacts.effective_date) as notified_date
    from members
    inner join {{ ref('fct_contacts') }} as contacts
        on members.customer_id = contacts.customer_id
        and members.component_code = contacts.component_code
        and contacts.effective_at >= members.known_from
        and {{ business_date('contacts.effective_at') }} < members.window_to
    where contacts.purpose_role = 'release'
        and contacts.direction = 'outbound'
    group by members.change_id, members.customer_id
),

trainings as (
    select
        members.change_id,
        members.customer_id,
        min(events.occurred_at) as trained_at,
        min(events.event_date) as trained_date
    from members
    inner join {{ ref('fct_onboarding_events') }} as events
        on members.customer_id = events.customer_id
        and members.component_code = events.component_code
        and events.occurred_at >= members.known_from
        and {{ business_date('events.occurred_at') }} < members.window_to
    inner join {{ ref('run_context') }} as run_context
        on events.event_date <= run_context.as_of_date
    where events.onboarding_role = 'training_completed'
    group by members.change_id, members.customer_id
),

joined as (
    select
        members.change_id,
        members.customer_id,
        members.component_code,
        members.segment_code,
        members.effective_date,
        members.window_to,
        members.landmark_date,
        -- Customers who used it before its release helped to try it out.
        coalesce(
            first_uses.first_use_date < members.effective_date or first_uses.first_use_at < members.effective_at, false
        ) as is_early_user,
        first_uses.first_use_date,
        first_uses.first_use_at,
        notices.notified_at,
        notices.notified_date,
        trainings.trained_at,
        trainings.trained_date,
        landmark.is_customer
    from members
    left join first_uses
        on members.change_id = first_uses.change_id
        and members.customer_id = first_uses.customer_id
    left join notices
        on members.change_id = notices.change_id
        and members.customer_id = notices.customer_id
    left join trainings
        on members.change_id = trainings.change_id
        and members.customer_id = trainings.customer_id
    left join {{ ref('customer_status_periods') }} as landmark
        on members.customer_id = landmark.customer_id
        and {{ holds_at('landmark', 'members.landmark_date') }}
)

select
    change_id,
    customer_id,
    component_code,
    segment_code,
    case
        when trained_date < landmark_date
            and trained_at <= coalesce(case when not is_early_user then first_use_at end, trained_at) then 'trained'
        when notified_date < landmark_date
            and notified_at <= coalesce(case when not is_early_user then first_use_at end, notified_at) then 'notified'
        else 'none'
    end as exposure_kind,
    is_early_user,
    notified_at is not null or trained_at is not null as is_aware,
    coalesce(is_customer, false) as is_customer_at_landmark,
    case when not is_early_user then first_use_date end as adopted_date,
    not is_early_user and coalesce(first_use_date >= landmark_date, true) as is_open_at_landmark,
    effective_date,
    window_to as adoption_window_to,
    landmark_date,
    notified_at,
    trained_at
from joined
