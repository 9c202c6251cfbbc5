select
    schedule.customer_id,
    schedule.trigger_type as trigger_kind,
    schedule.schedule_key,
    schedule.trigger_key,
    schedule.survey_code,
    schedule.stage_code,
    schedule.touchpoint_code,
    schedule.ticket_id,
    schedule.schedule_state,
    schedule.suppress_reason,
    customers.customer_status,
    cast(schedule.delay_days as bigint) as delay_days,
    customers.is_paying,
    schedule.schedule_state in ('due', 'overdue') as is_to_send,
    schedule.is_on_time,
    {{ period_start('month', 'schedule.due_date') }} as due_month,
    schedule.due_date,
    schedule.expires_date,
    schedule.postponed_date,
    schedule.reached_at,
    schedule.sent_at,
    schedule.answered_at
from {{ ref('int_feedback__survey_schedule') }} as schedule
inner join {{ ref('dim_customers') }} as customers
    on schedule.customer_id = customers.customer_id
