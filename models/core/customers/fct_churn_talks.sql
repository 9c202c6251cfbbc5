-- Conversations about each churn: the first effective contact about it, and the last reason that an employee noted.
with events as (
    select
        churn_events.customer_id,
        churn_events.tenure_number,
        {{ add_days('churned_date', '-policy.churn_evidence_days') }} as evidence_from,
        {{ add_days('churned_date', 'policy.churn_evidence_days') }} as evidence_to
    from {{ ref('fct_churn_events') }} as churn_events
    cross join {{ ref('policy') }} as policy
),

contacts as (
    select
        events.customer_id,
        events.tenure_number,
        contacts.contact_id,
        contacts.purpose_role,
        notes.outcome_reason,
        contacts.attempted_at,
        contacts.effective_at
    from events
    inner join {{ ref('fct_contacts') }} as contacts
        on events.customer_id = contacts.customer_id
        and contacts.purpose_role in ('exit', 'winback', 'retention')
        and contacts.attempted_date >= events.evidence_from
        and contacts.attempted_date < events.evidence_to
    inner join {{ ref('stg_crm__contacts') }} as notes
        on contacts.contact_id = notes.contact_id
),

noted as (
    select
        customer_id,
        tenure_number,
        outcome_reason,
        row_number() over (
            partition by customer_id, tenure_number order by attempted_at desc, contact_id asc
        ) as choice
    from contacts
    where outcome_reason is not null
        and outcome_reason <> 'unknown'
),

talked as (
    select
        customer_id,
        tenure_number,
        min(effective_at) as exit_talk_at
    from contacts
    where purpose_role = 'exit'
    group by customer_id, tenure_number
)

select
    events.customer_id,
    events.tenure_number,
    noted.outcome_reason as agent_reason_code,
    talked.exit_talk_at
from events
left join noted
    on events.customer_id = noted.customer_id
    and events.tenure_number = noted.tenure_number
    and noted.choice = 1
left join talked
    on events.customer_id = talked.customer_id
    and events.tenure_number = talked.tenure_number
