-- Tickets as of the end of the business day; later changes are not known yet. An automatic confirmation is not an
-- answer; a solution is one, also an automatic one.
with tickets as (
    select
        *,
        case when not coalesce(is_first_response_bot, false) then first_response_at end as person_first_response_at
    from {{ ref('stg_support__tickets') }}
)

select
    tickets.ticket_id,
    tickets.customer_id,
    tickets.channel,
    tickets.topic_code,
    tickets.stage_code,
    tickets.first_assigned_employee_id,
    case when tickets.closed_at < run_context.as_of_end_at then tickets.closing_employee_id end as closing_employee_id,
    case when tickets.closed_at < run_context.as_of_end_at then tickets.closed_reason end as closed_reason,
    tickets.wait_seconds,
    tickets.talk_seconds,
    tickets.is_abandoned,
    tickets.transfer_count,
    tickets.reopened_count,
    coalesce(tickets.is_complaint, false) as is_complaint,
    coalesce(tickets.is_question, false) as is_question,
    tickets.opened_date,
    tickets.opened_at,
    {{ known('tickets.person_first_response_at') }} as person_response_at,
    least({{ known('tickets.person_first_response_at') }}, {{ known('tickets.resolved_at') }}) as answered_at,
    case when tickets.resolved_at < run_context.as_of_end_at then tickets.resolved_at end as resolved_at,
    case when tickets.closed_at < run_context.as_of_end_at then tickets.closed_at end as closed_at
from tickets
inner join {{ ref('run_context') }} as run_context
    on tickets.opened_date <= run_context.as_of_date
inner join {{ ref('customer_registrations') }} as customers
    on tickets.customer_id = customers.customer_id
