-- Contacts with the moment from which they count. Stands in for fct_contacts, which has the same columns.
with opened as (
    select
        contacts.*,
        case when not coalesce(contacts.is_machine_open, false) then contacts.opened_at end as human_opened_at
    from {{ ref('stg_crm__contacts') }} as contacts
),

contacts as (
    select
        contacts.*,
        case
            when contacts.channel = 'call' and contacts.outcome_code = 'conversation' and contacts.duration_sec >= 30
                then contacts.ended_at
            when contacts.channel = 'meeting' then contacts.held_at
            when contacts.channel = 'chat' or contacts.direction = 'inbound' then contacts.replied_at
            when contacts.channel in ('email', 'push', 'messenger', 'sms')
                then least(contacts.human_opened_at, contacts.clicked_at, contacts.replied_at)
        end as worked_at
    from opened as contacts
)

select
    contacts.contact_id,
    contacts.customer_id,
    contacts.employee_id,
    contacts.direction,
    contacts.channel,
    contacts.purpose,
    contacts.ticket_id,
    contacts.trigger_response_id,
    coalesce(contacts.worked_at < run_context.as_of_end_at, false) as is_effective,
    contacts.attempted_at,
    {{ known('contacts.worked_at') }} as effective_at
from contacts
inner join {{ ref('run_context') }} as run_context
    on contacts.attempted_at < run_context.as_of_end_at
inner join {{ ref('int_customers__registration') }} as customers
    on contacts.customer_id = customers.customer_id
