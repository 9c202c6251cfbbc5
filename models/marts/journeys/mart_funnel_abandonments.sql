-- JRN-01, JRN-02, JRN-05, SVC-10.
with abandoned as (
    select * from {{ ref('int_journeys__abandonments') }}
),

goals as (
    select
        events.funnel_code,
        events.customer_id,
        events.event_id,
        events.value_amount,
        events.step_no = steps.goal_step_no as is_goal,
        events.occurred_at
    from {{ ref('fct_funnel_events') }} as events
    inner join {{ ref('run_context') }} as run_context
        on events.event_date <= run_context.as_of_date
    inner join {{ ref('dim_funnel_steps') }} as steps
        on events.funnel_code = steps.funnel_code
        and events.step_no = steps.step_no
),

later as (
    select
        abandoned.attempt_id,
        min(case when goals.occurred_at > abandoned.outcome_from_at then goals.occurred_at end) as returned_at,
        min(case when goals.is_goal then goals.occurred_at end) as completed_later_at,
        max(case when goals.is_goal and goals.occurred_at <= abandoned.outcome_from_at then 1 else 0 end)
            as is_before_outcome,
        max(case
            when goals.is_goal
                and goals.occurred_at > abandoned.outcome_from_at
                and goals.occurred_at <= abandoned.outcome_to_at then 1
            else 0
        end) as is_within_outcome,
        sum(case
            when goals.is_goal
                and goals.occurred_at > abandoned.outcome_from_at
                and goals.occurred_at <= abandoned.outcome_to_at then goals.value_amount
        end) as outcome_amount
    from abandoned
    inner join goals
        on abandoned.funnel_code = goals.funnel_code
        and abandoned.customer_id = goals.customer_id
        and abandoned.abandoned_at < goals.occurred_at
    group by abandoned.attempt_id
),

queued as (
    select
        abandoned.*,
        later.returned_at,
        later.completed_later_at,
        coalesce(later.is_before_outcome, 0) as is_before_outcome,
        coalesce(later.is_within_outcome, 0) as is_within_outcome,
        later.outcome_amount,
        abandoned.asked_to_at <= run_context.as_of_end_at as is_ask_mature,
        abandoned.outcome_to_at < run_context.as_of_end_at as is_outcome_mature,
        abandoned.outcome_to_at < run_context.as_of_end_at
        and coalesce(later.is_before_outcome, 0) = 0 as is_recoverable,
        later.completed_later_at is null
        and {{ days_between(business_date('abandoned.abandoned_at'), 'run_context.as_of_date') }}
        < policy.funnel_queue_days as is_in_queue
    from abandoned
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    left join later
        on abandoned.attempt_id = later.attempt_id
),

placed as (
    select
        *,
        goal_step_no - furthest_step_no as steps_from_goal_count,
        row_number() over (
            partition by funnel_code, is_in_queue
            order by
                goal_step_no - furthest_step_no asc, value_amount desc nulls last, abandoned_at desc, attempt_id asc
        ) as place
    from queued
)

select
    placed.attempt_id,
    placed.funnel_code,
    placed.customer_id,
    placed.customer_status,
    placed.segment_code,
    cast(placed.furthest_step_no as integer) as furthest_step_order,
    steps.step_code as furthest_step_code,
    cast(placed.steps_from_goal_count as integer) as steps_from_goal_count,
    cast(placed.value_amount as decimal(18, 2)) as value_amount,
    cast(placed.errors_count as bigint) as errors_count,
    cast(case when placed.is_in_queue then placed.place end as bigint) as priority_order,
    placed.talk_channel as last_talk_channel_code,
    placed.talk_topic_code as last_talk_topic_code,
    cast({{ dbt.datediff('placed.talk_began_at', 'placed.abandoned_at', 'second') }} as bigint)
        as last_talk_before_seconds,
    placed.difficulty_topic_code,
    cast(case when placed.is_recoverable then placed.is_within_outcome end as bigint) as recovered_count,
    cast(case when placed.is_recoverable then 1 else 0 end as bigint) as recoverable_count,
    cast(case when placed.is_before_outcome = 0 then placed.outcome_amount end as decimal(18, 2)) as recovered_amount,
    placed.is_paying,
    coalesce(placed.talk_began_at >= placed.entered_at, false) as has_talk_during,
    placed.errors_count > 0 as has_error,
    placed.asked_at is not null as is_asked,
    placed.is_ask_mature,
    placed.answered_at is not null as is_answered,
    placed.reminded_at is not null as is_reminded,
    placed.reminder_reached_at is not null as is_reminder_read,
    placed.is_outcome_mature,
    placed.is_in_queue,
    {{ business_date('placed.abandoned_at') }} as abandoned_date,
    placed.entered_at,
    placed.abandoned_at,
    placed.asked_at,
    placed.answered_at,
    placed.reminded_at,
    placed.returned_at,
    placed.completed_later_at
from placed
inner join {{ ref('dim_funnel_steps') }} as steps
    on placed.funnel_code = steps.funnel_code
    and placed.furthest_step_no = steps.step_no
