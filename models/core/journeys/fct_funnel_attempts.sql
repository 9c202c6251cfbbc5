{{ changed_by_registration([
    {'relation': 'stg_product__events', 'as_of': 'occurred_date', 'raw': 'occurred_at_utc'},
    {'relation': 'fct_funnel_attempt_steps', 'as_of_moment': 'ends_at', 'only': 'passing'},
]) }}
with furthest as (
    select
        steps.attempt_id,
        steps.funnel_code,
        steps.customer_id,
        steps.attempt_key_value,
        steps.entered_at,
        steps.ends_at,
        dims.goal_step_no,
        max(steps.step_no) as furthest_step_no,
        max(case when steps.step_no = dims.goal_step_no then steps.reached_at end) as goal_at
    from {{ ref('fct_funnel_attempt_steps') }} as steps
    inner join {{ ref('dim_funnel_steps') }} as dims
        on steps.funnel_code = dims.funnel_code
        and steps.step_no = dims.step_no
    where {{ rows_to_build() }}
    group by
        steps.attempt_id,
        steps.funnel_code,
        steps.customer_id,
        steps.attempt_key_value,
        steps.entered_at,
        steps.ends_at,
        dims.goal_step_no
),

activity as (
    select
        furthest.attempt_id,
        max(events.value_amount) as value_amount,
        count(case when events.is_error then 1 end) as errors_count,
        max(events.occurred_at) as last_event_at
    from furthest
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('fct_funnel_events') }} as events
        on furthest.funnel_code = events.funnel_code
        and furthest.customer_id = events.customer_id
        and furthest.attempt_key_value = events.attempt_key_value
        and events.event_date <= run_context.as_of_date
        and furthest.entered_at <= events.occurred_at
        and furthest.ends_at > events.occurred_at
    group by furthest.attempt_id
)

select
    furthest.attempt_id,
    furthest.funnel_code,
    furthest.customer_id,
    furthest.furthest_step_no,
    furthest.goal_step_no,
    case
        when furthest.goal_at is not null then 'goal'
        when furthest.ends_at <= run_context.as_of_end_at then 'abandoned'
        else 'running'
    end as attempt_state,
    activity.value_amount,
    cast(activity.errors_count as bigint) as errors_count,
    furthest.ends_at <= run_context.as_of_end_at as is_mature,
    {{ business_date('furthest.entered_at') }} as entered_date,
    furthest.entered_at,
    furthest.ends_at,
    activity.last_event_at,
    furthest.goal_at
from furthest
cross join {{ ref('run_context') }} as run_context
-- Test accounts and deleted customers count nowhere.
inner join {{ ref('customer_registrations') }} as registration
    on furthest.customer_id = registration.customer_id
inner join activity
    on furthest.attempt_id = activity.attempt_id
