-- How far every customer came in activation, and when offers of onboarding had to end.
with actions as (
    select * from {{ ref('fct_key_actions') }}
),

progress as (
    select
        customer_id,
        count(case when is_required then 1 end) as required_actions_count,
        count(case when is_required and is_done then 1 end) as done_required_count,
        count(case when is_done then 1 end) as done_actions_count,
        max(case when is_required then first_done_at end) as last_required_at
    from actions
    group by customer_id
),

last_steps as (
    select
        customer_id,
        key_action_code,
        row_number() over (
            partition by customer_id order by step_order desc, first_done_at desc, key_action_code asc
        ) as choice
    from actions
    where is_done
),

required_done as (
    select
        actions.customer_id,
        actions.first_done_at,
        row_number() over (
            partition by actions.customer_id order by actions.first_done_at, actions.key_action_code
        ) as done_count
    from actions
    where actions.is_required
        and actions.is_done
),

mostly_done as (
    select
        required_done.customer_id,
        min(required_done.first_done_at) as mostly_done_at
    from required_done
    inner join progress
        on required_done.customer_id = progress.customer_id
    cross join {{ ref('policy') }} as policy
    where 100.0 * required_done.done_count
        >= policy.self_taught_progress_pct * progress.required_actions_count
    group by required_done.customer_id
),

information_views as (
    select
        events.customer_id,
        sum(events.events_count) as information_views_count
    from {{ ref('state_customer_events') }} as events
    inner join {{ ref('dim_events') }} as catalogue
        on events.event_name = catalogue.event_name
        and catalogue.is_information_view
    group by events.customer_id
),

onboarding_events as (
    select events.*
    from {{ ref('fct_onboarding_events') }} as events
    inner join {{ ref('run_context') }} as run_context
        on events.event_date <= run_context.as_of_date
),

onboarding as (
    select
        customer_id,
        count(case when onboarding_role = 'prompt_shown' then 1 end) as prompts_shown_count,
        min(case when onboarding_role = 'declined' then occurred_at end) as declined_at,
        min(case when onboarding_role = 'tour_completed' then occurred_at end) as tour_completed_at,
        count(case when onboarding_role = 'tour_started' and is_forced then 1 end) as forced_tours_count,
        max(case when onboarding_role = 'prompt_shown' then event_date end) as last_prompt_date
    from onboarding_events
    group by customer_id
),

combined as (
    select
        customers.*,
        coalesce(progress.required_actions_count, 0) as required_actions_count,
        coalesce(progress.done_required_count, 0) as done_required_count,
        coalesce(progress.done_actions_count, 0) as done_actions_count,
        coalesce(information_views.information_views_count, 0) as information_views_count,
        coalesce(onboarding.prompts_shown_count, 0) as prompts_shown_count,
        coalesce(onboarding.forced_tours_count, 0) as forced_tours_count,
        -- NULL where policy requires nothing: nobody is activated then, and nobody has failed to be.
        case
            when progress.required_actions_count > 0
                then progress.done_required_count = progress.required_actions_count
        end as is_activated,
        case
            when progress.done_required_count = progress.required_actions_count then progress.last_required_at
        end as activated_at,
        onboarding.declined_at,
        onboarding.tour_completed_at,
        onboarding.last_prompt_date,
        case
            when onboarding.tour_completed_at is null or onboarding.tour_completed_at >= mostly_done.mostly_done_at
                then mostly_done.mostly_done_at
        end as self_taught_at
    from {{ ref('dim_customers') }} as customers
    left join progress
        on customers.customer_id = progress.customer_id
    left join mostly_done
        on customers.customer_id = mostly_done.customer_id
    left join information_views
        on customers.customer_id = information_views.customer_id
    left join onboarding
        on customers.customer_id = onboarding.customer_id
),

suppressed as (
    select
        combined.*,
        -- least() passes over NULL on every engine: the first reason counts.
        least(combined.declined_at, combined.self_taught_at, combined.activated_at) as suppress_from
    from combined
),

late_prompts as (
    select
        suppressed.customer_id,
        count(*) as prompts_after_suppression_count
    from suppressed
    inner join onboarding_events
        on suppressed.customer_id = onboarding_events.customer_id
        and onboarding_events.onboarding_role = 'prompt_shown'
        and onboarding_events.occurred_at > suppressed.suppress_from
    group by suppressed.customer_id
)

select
    suppressed.customer_id,
    suppressed.registration_segment_code as segment_code,
    suppressed.region,
    suppressed.acquisition_channel,
    suppressed.onboarding_owner_id,
    suppressed.customer_status,
    registration_status.status as registration_status,
    last_steps.key_action_code as last_done_step_code,
    case
        when suppressed.is_activated is null then 'nothing_required'
        when suppressed.is_activated then 'activated'
        when not suppressed.has_access then 'lost_before_activation'
        when suppressed.done_actions_count > 0 then 'in_progress'
        else 'not_started'
    end as activation_status,
    case
        when suppressed.suppress_from is null then null
        when suppressed.suppress_from = suppressed.declined_at then 'declined'
        when suppressed.suppress_from = suppressed.activated_at then 'activated'
        else 'self_taught'
    end as suppress_reason,
    cast(suppressed.required_actions_count as bigint) as required_actions_count,
    cast(suppressed.done_required_count as bigint) as done_required_count,
    cast(suppressed.done_actions_count as bigint) as done_actions_count,
    cast(suppressed.information_views_count as bigint) as information_views_count,
    cast({{ pct('suppressed.done_required_count', 'suppressed.required_actions_count') }} as {{ type_double() }})
        as activation_pct,
    cast(case
        when suppressed.is_activated
            then {{ days_between('suppressed.registered_date', business_date('suppressed.activated_at')) }}
    end as bigint) as days_to_activate,
    cast(suppressed.tenure_days as bigint) as tenure_days,
    cast(suppressed.prompts_shown_count as bigint) as prompts_shown_count,
    cast(coalesce(late_prompts.prompts_after_suppression_count, 0) as bigint) as prompts_after_suppression_count,
    suppressed.is_paying,
    suppressed.is_activated,
    suppressed.tenure_days >= policy.activation_window_long_days as is_mature,
    -- What customers did before events were recorded is unseen, so their progress is unknown.
    coalesce(suppressed.registered_date >= {{ observed_from('events', 'measured_from') }}, false)
    and suppressed.required_actions_count > 0 as is_measurable,
    suppressed.information_views_count > 0 and suppressed.done_actions_count = 0 as is_viewed_only,
    suppressed.forced_tours_count > 0 as is_forced_tour_shown,
    suppressed.last_prompt_date,
    suppressed.registered_date,
    suppressed.registration_month,
    suppressed.registered_at,
    case when suppressed.is_activated then suppressed.activated_at end as activated_at,
    suppressed.tour_completed_at,
    suppressed.declined_at,
    suppressed.self_taught_at,
    suppressed.suppress_from
from suppressed
left join {{ ref('customer_status_periods') }} as registration_status
    on suppressed.customer_id = registration_status.customer_id
    and {{ holds_at('registration_status', 'suppressed.registered_date') }}
left join last_steps
    on suppressed.customer_id = last_steps.customer_id
    and last_steps.choice = 1
left join late_prompts
    on suppressed.customer_id = late_prompts.customer_id
cross join {{ ref('policy') }} as policy
