-- Which key actions a customer is expected to do: those of their segment at registration, valid on that day, whose
-- component their plan holds. Joins to small tables only, so that reading some customers costs only those.
with actions as (
    select * from {{ ref('dim_key_actions') }}
    where resolved_events_count > 0
),

-- A row for everybody gives way to the segment's own row of the same action while that is valid.
replaced as (
    select
        everybody.key_action_code,
        everybody.valid_from,
        own.segment_code,
        own.valid_from as replaced_from,
        own.valid_to as replaced_to
    from actions as everybody
    inner join actions as own
        on everybody.key_action_code = own.key_action_code
        and everybody.segment_code = '*'
        and own.segment_code <> '*'
)

select
    registration.customer_id,
    actions.key_action_code,
    actions.segment_code,
    actions.title,
    actions.component_code,
    actions.min_count,
    actions.within_days,
    actions.step_order,
    actions.is_required,
    registration.registered_date,
    -- The status of the day of registration: a contract that ended before it may be renewed until the grace is over.
    {{ add_days('registration.registered_date', 'policy.churn_grace_days') }}
        as status_known_date,
    actions.valid_from,
    registration.registered_at
from {{ ref('customer_registrations') }} as registration
inner join actions
    on actions.segment_code in ('*', registration.registration_segment_code)
    and {{ holds_at('actions', 'registration.registered_date') }}
left join replaced
    on actions.segment_code = '*'
    and actions.key_action_code = replaced.key_action_code
    and actions.valid_from = replaced.valid_from
    and registration.registration_segment_code = replaced.segment_code
    and replaced.replaced_from <= registration.registered_date
    and coalesce(replaced.replaced_to, {{ end_of_time('timestamp') }}) > registration.registered_date
left join {{ ref('plan_components') }} as plan_components
    on registration.registration_plan_code = plan_components.plan_code
    and actions.component_code = plan_components.component_code
    and not plan_components.is_available
cross join {{ ref('policy') }} as policy
where replaced.key_action_code is null
    and plan_components.plan_code is null
