{% set horizons = ['policy.mastery_horizon_short_days', 'policy.mastery_horizon_long_days'] %}
{% set dimensions = {'segment': 'segment_code', 'status': 'customer_status'} %}
-- Landmark comparison: of those who are customers at the end of the first window, who had used the component in it,
-- and who is a customer a horizon later. Use after the landmark makes nobody an adopter: the long-lived would adopt by
-- living on.
with landmarks as (
    select
        registration.customer_id,
        registration.registration_segment_code,
        registration.registration_plan_code,
        registration.registered_date,
        {{ add_days('registration.registered_date', 'policy.mastery_window_days') }}
            as landmark_date,
        {{ last_final_date('run_context.as_of_date') }} as last_final_date
    from {{ ref('customer_registrations') }} as registration
    inner join {{ ref('run_context') }} as run_context
        on registration.registered_date >= {{ observed_from('events', 'measured_from') }}
    cross join {{ ref('policy') }} as policy
),

horizons as (
    {%- for code in horizons %}
    select {{ code }} as horizon_days
    from {{ ref('policy') }} as policy
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Judged on the day that closes the horizon, once nobody can still turn out to have left before it.
outcomes as (
    select
        landmarks.customer_id,
        horizons.horizon_days,
        at_landmark.status as customer_status,
        coalesce(at_horizon.is_customer, false) as is_retained
    from landmarks
    inner join horizons
        on {{ add_days('landmarks.landmark_date', 'horizons.horizon_days') }} <= landmarks.last_final_date
    inner join {{ ref('customer_status_periods') }} as at_landmark
        on landmarks.customer_id = at_landmark.customer_id
        and at_landmark.is_customer
        and {{ holds_at('at_landmark', 'landmarks.landmark_date') }}
    left join {{ ref('customer_status_periods') }} as at_horizon
        on landmarks.customer_id = at_horizon.customer_id
        and {{ holds_at('at_horizon', add_days('landmarks.landmark_date', 'horizons.horizon_days')) }}
),

adoptions as (
    select distinct
        landmarks.customer_id,
        use_days.component_code
    from {{ ref('fct_component_usage_daily') }} as use_days
    inner join landmarks
        on use_days.customer_id = landmarks.customer_id
        and use_days.usage_date >= landmarks.registered_date
        and use_days.usage_date < landmarks.landmark_date
    inner join {{ ref('run_context') }} as run_context
        on use_days.usage_date <= run_context.as_of_date
),

compared as (
    select
        coalesce(landmarks.registration_segment_code, 'unassigned') as segment_code,
        components.component_code,
        outcomes.horizon_days,
        outcomes.customer_status,
        adoptions.customer_id is not null as is_adopter,
        outcomes.is_retained
    from outcomes
    inner join landmarks
        on outcomes.customer_id = landmarks.customer_id
    cross join {{ ref('dim_components') }} as components
    left join {{ ref('plan_components') }} as plan_components
        on landmarks.registration_plan_code = plan_components.plan_code
        and components.component_code = plan_components.component_code
    left join adoptions
        on outcomes.customer_id = adoptions.customer_id
        and components.component_code = adoptions.component_code
    -- Whose plan lacks the component could not adopt it.
    where coalesce(plan_components.is_available, true)
),

counted as (
    select
        {{ breakdown_columns(dimensions) }},
        component_code,
        horizon_days,
        count(case when is_adopter then 1 end) as adopters_count,
        count(case when not is_adopter then 1 end) as others_count,
        count(case when is_adopter and is_retained then 1 end) as adopters_retained_count,
        count(case when not is_adopter and is_retained then 1 end) as others_retained_count
    from compared
    group by {{ breakdown_sets(dimensions, ['component_code', 'horizon_days']) }}
),

bounded as (
    select
        *,
        {{ pct('adopters_retained_count', 'adopters_count') }} as adopters_pct,
        {{ wilson_pct('adopters_retained_count', 'adopters_count', 'lo') }} as adopters_ci_lo,
        {{ wilson_pct('adopters_retained_count', 'adopters_count', 'hi') }} as adopters_ci_hi,
        {{ pct('others_retained_count', 'others_count') }} as others_pct,
        {{ wilson_pct('others_retained_count', 'others_count', 'lo') }} as others_ci_lo,
        {{ wilson_pct('others_retained_count', 'others_count', 'hi') }} as others_ci_hi
    from counted
)

select
    dimension_name,
    dimension_value,
    component_code,
    cast(horizon_days as bigint) as horizon_days,
    cast(adopters_retained_count as bigint) as adopters_retained_num,
    cast(adopters_count as bigint) as adopters_retained_den,
    adopters_pct as adopters_retained_pct,
    cast(others_retained_count as bigint) as others_retained_num,
    cast(others_count as bigint) as others_retained_den,
    others_pct as others_retained_pct,
    adopters_pct - others_pct as lift_pp,
    {{ newcombe_pp('adopters', 'others', 'lo') }} as lift_pp_ci_lo,
    {{ newcombe_pp('adopters', 'others', 'hi') }} as lift_pp_ci_hi,
    {{ is_reliable('least(adopters_count, others_count)') }} as is_reliable,
    true as is_confounded
from bounded
