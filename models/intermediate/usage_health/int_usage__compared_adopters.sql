{{ config(materialized=inlined()) }}
{% set horizons = ['policy.mastery_horizon_short_days', 'policy.mastery_horizon_long_days'] %}
{% set dimensions = {'segment': 'segment_code', 'status': 'customer_status'} %}
-- ACT-06, a landmark comparison: customers at the end of the first window who had used a component in it or had not,
-- and who is a customer a horizon later. Use after the landmark makes nobody an adopter: customers would adopt
-- because they stay.
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

-- Evaluated on the day that closes the horizon, once every churn before it is known.
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
        landmarks.customer_id,
        landmarks.registered_date,
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
    -- Customers whose plan lacks the component could not adopt it.
    where coalesce(plan_components.is_available, true)
),

broken_down as (
    {{ breakdowns_with_attributes('compared', dimensions, 'registered_date') }}
),

counted as (
    select
        dimension_name,
        dimension_value,
        component_code,
        horizon_days,
        count(case when is_adopter then 1 end) as adopters_count,
        count(case when not is_adopter then 1 end) as others_count,
        count(case when is_adopter and is_retained then 1 end) as adopters_retained_count,
        count(case when not is_adopter and is_retained then 1 end) as others_retained_count
    from broken_down
    group by component_code, horizon_days, dimension_name, dimension_value
),

grouped as (
    {%- for group, reference in [('adopters', "'others'"), ('others', 'null')] %}
    select
        dimension_name,
        dimension_value,
        component_code,
        horizon_days,
        '{{ group }}' as group_code,
        {{ loop.index }} as group_order,
        {{ group }}_count as members_count,
        {{ group }}_retained_count as retained_count,
        cast({{ reference }} as {{ dbt.type_string() }}) as reference_group_code
    from counted
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    component_code as subject_code,
    cast(null as {{ dbt.type_string() }}) as subject_label,
    component_code,
    dimension_name,
    dimension_value,
    group_code,
    group_order,
    'retained' as outcome_code,
    horizon_days,
    members_count,
    0 as pending_count,
    0 as excluded_count,
    retained_count as outcome_num,
    members_count as outcome_den,
    reference_group_code,
    cast(null as {{ type_double() }}) as median_days,
    true as is_complete,
    false as is_changed_again,
    cast(null as date) as started_date
from grouped
