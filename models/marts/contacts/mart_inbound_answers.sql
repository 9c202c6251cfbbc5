select
    inbound.inbound_id,
    inbound.customer_id,
    coalesce(status.status, 'registered') as customer_status,
    inbound.inbound_kind,
    inbound.channel_code,
    case
        when inbound.answer_due_at is null then 'no_target'
        when inbound.answered_at <= inbound.answer_due_at then 'answered_in_time'
        when inbound.answered_at is not null then 'answered_late'
        when inbound.closed_at is not null then 'closed_without_answer'
        when inbound.answer_due_at >= run_context.as_of_end_at then 'pending'
        else 'unanswered'
    end as answer_state,
    cast(inbound.answer_within_minutes as bigint) as answer_within_minutes_count,
    cast(inbound.waiting_seconds as bigint) as waiting_seconds,
    cast(inbound.open_waiting_seconds as bigint) as open_waiting_seconds,
    coalesce(status.is_paying, false) as is_paying,
    inbound.is_complaint,
    inbound.opened_date,
    inbound.opened_at,
    inbound.answer_due_at,
    inbound.answered_at,
    inbound.closed_at
from {{ ref('fct_inbound_answers') }} as inbound
cross join {{ ref('run_context') }} as run_context
{{ attributes_as_of('inbound', 'inbound.opened_date', ['status']) }}
