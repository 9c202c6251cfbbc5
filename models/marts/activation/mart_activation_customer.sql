with customers as (
    select * from {{ ref('dim_customer_activation') }}
),

-- The outcome of an offer is known when its window is over and, for contracts, the grace in which an end may be a late
-- renewal.
prompt_outcomes as (
    select
        customers.customer_id,
        count(case
            when {{ days_between('customers.last_prompt_date', 'tenures.churned_date') }}
                <= policy.prompt_outcome_days then 1
        end) > 0 as is_churned
    from customers
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on {{ days_between('customers.last_prompt_date', 'run_context.as_of_date') }}
        >= policy.prompt_outcome_days + policy.churn_grace_days
    left join {{ ref('customer_tenures') }} as tenures
        on customers.customer_id = tenures.customer_id
        and customers.last_prompt_date <= tenures.churned_date
    group by customers.customer_id
)

select
    customers.customer_id,
    customers.segment_code,
    customers.region,
    customers.acquisition_channel,
    customers.onboarding_owner_id,
    handoffs.account_owner_id,
    handoffs.handoff_state,
    customers.customer_status,
    customers.registration_status,
    customers.last_done_step_code,
    customers.activation_status,
    customers.suppress_reason,
    customers.required_actions_count,
    customers.done_required_count,
    customers.done_actions_count,
    customers.information_views_count,
    customers.activation_pct,
    customers.days_to_activate,
    cast(handoffs.handoff_lag_days as bigint) as handoff_lag_days,
    cast(coalesce(handoffs.wrong_team_contacts_count, 0) as bigint) as wrong_team_contacts_count,
    customers.tenure_days,
    customers.prompts_shown_count,
    customers.prompts_after_suppression_count,
    customers.is_paying,
    customers.is_activated,
    customers.tenure_days >= policy.activation_window_short_days as is_short_due,
    case
        when customers.is_activated is not null
            then customers.tenure_days >= policy.activation_window_short_days
                and coalesce(customers.days_to_activate <= policy.activation_window_short_days, false)
    end as is_activated_short,
    customers.tenure_days >= policy.activation_window_medium_days as is_medium_due,
    case
        when customers.is_activated is not null
            then customers.tenure_days >= policy.activation_window_medium_days
                and coalesce(customers.days_to_activate <= policy.activation_window_medium_days, false)
    end as is_activated_medium,
    customers.tenure_days >= policy.activation_window_long_days as is_long_due,
    case
        when customers.is_activated is not null
            then customers.tenure_days >= policy.activation_window_long_days
                and coalesce(customers.days_to_activate <= policy.activation_window_long_days, false)
    end as is_activated_long,
    customers.is_mature,
    customers.is_measurable,
    customers.is_viewed_only,
    customers.is_forced_tour_shown,
    prompt_outcomes.is_churned as is_churned_after_prompt,
    customers.registered_date,
    customers.registration_month,
    customers.registered_at,
    customers.activated_at,
    handoffs.newcomer_from_at,
    handoffs.handed_over_at,
    customers.tour_completed_at,
    customers.declined_at,
    customers.self_taught_at,
    customers.suppress_from
from customers
cross join {{ ref('policy') }} as policy
left join prompt_outcomes
    on customers.customer_id = prompt_outcomes.customer_id
left join {{ ref('int_onboarding__handoffs') }} as handoffs
    on customers.customer_id = handoffs.customer_id
