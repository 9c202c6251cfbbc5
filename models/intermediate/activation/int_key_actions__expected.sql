-- Which key actions a customer is expected to do: those of their segment at registration, valid on that day, whose
-- component their plan holds. A row of the own segment stands before the row for everybody.
with matched as (
    select
        registration.customer_id,
        registration.registered_date,
        registration.registered_at,
        actions.key_action_code,
        actions.segment_code,
        actions.title,
        actions.component_code,
        actions.min_count,
        actions.within_days,
        actions.step_order,
        actions.is_required,
        actions.valid_from,
        row_number() over (
            partition by registration.customer_id, actions.key_action_code
            order by case when actions.segment_code = '*' then 1 else 0 end, actions.valid_from desc
        ) as choice
    from {{ ref('int_customers__registration') }} as registration
    inner join {{ ref('dim_key_actions') }} as actions
        on actions.segment_code in ('*', registration.registration_segment_code)
        and actions.valid_from <= registration.registered_date
        and (actions.valid_to is null or actions.valid_to > registration.registered_date)
    where actions.resolved_events_count > 0
),

closed_to_plan as (
    select
        registration.customer_id,
        plan_components.component_code
    from {{ ref('int_customers__registration') }} as registration
    inner join {{ ref('plan_components') }} as plan_components
        on registration.registration_plan_code = plan_components.plan_code
    where not plan_components.is_available
)

select
    matched.customer_id,
    matched.key_action_code,
    matched.segment_code,
    matched.title,
    matched.component_code,
    matched.min_count,
    matched.within_days,
    matched.step_order,
    matched.is_required,
    matched.registered_date,
    matched.valid_from,
    matched.registered_at
from matched
left join closed_to_plan
    on matched.customer_id = closed_to_plan.customer_id
    and matched.component_code = closed_to_plan.component_code
where matched.choice = 1
    and closed_to_plan.customer_id is null
