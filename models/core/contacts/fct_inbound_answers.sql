-- Tickets and inbound contacts without a ticket, with the moment at which a person answered. An automatic confirmation
-- does not count as an answer; a solution does, also an automatic one (CON-16).
with tickets as (
    select
        tickets.ticket_id as inbound_id,
        'ticket' as inbound_kind,
        tickets.customer_id,
        tickets.channel as channel_code,
        coalesce(tickets.is_complaint, false) as is_complaint,
        tickets.opened_date,
        tickets.opened_at,
        least(
            case
                when not coalesce(tickets.is_first_response_bot, false) then tickets.first_response_at
            end,
            tickets.resolved_at
        ) as answered_at,
        tickets.closed_at
    from {{ ref('stg_support__tickets') }} as tickets
    inner join {{ ref('customer_registrations') }} as registration
        on tickets.customer_id = registration.customer_id
    inner join {{ ref('run_context') }} as run_context
        on tickets.opened_date <= run_context.as_of_date
),

inbound as (
    select
        inbound_id,
        inbound_kind,
        customer_id,
        channel_code,
        is_complaint,
        opened_date,
        opened_at,
        answered_at,
        closed_at
    from tickets
    union all
    select
        contact_id as inbound_id,
        'contact' as inbound_kind,
        customer_id,
        channel as channel_code,
        false as is_complaint,
        attempted_date as opened_date,
        attempted_at as opened_at,
        reached_at as answered_at,
        cast(null as timestamp) as closed_at
    from {{ ref('fct_contacts') }}
    where direction = 'inbound'
        and ticket_id is null
)

select
    inbound.inbound_id,
    inbound.inbound_kind,
    inbound.customer_id,
    inbound.channel_code,
    channels.answer_within_minutes,
    inbound.is_complaint,
    inbound.opened_date,
    inbound.opened_at,
    {{ add_time('minute', 'inbound.opened_at', 'channels.answer_within_minutes') }} as answer_due_at,
    case when inbound.answered_at < run_context.as_of_end_at then inbound.answered_at end as answered_at,
    case when inbound.closed_at < run_context.as_of_end_at then inbound.closed_at end as closed_at
from inbound
cross join {{ ref('run_context') }} as run_context
left join {{ ref('contact_channels') }} as channels
    on inbound.channel_code = channels.channel_code
