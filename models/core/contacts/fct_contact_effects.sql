{{ config(materialized='view') }}
-- CON-01: the outcome of each contact as it is known at the end of the business day. An opening or an answer
-- that comes later does not exist yet.
{% set signals = ['opened', 'clicked', 'answered', 'replied', 'held'] %}
with rules as (
    select
        direction,
        channel_code,
        {% for signal in signals %}
        max(case when signal_code = '{{ signal }}' then 1 else 0 end) as counts_{{ signal }},
        {% endfor %}
        max(case when signal_code = 'answered' then min_duration_sec end) as min_duration_sec,
        max(case when signal_code = 'answered' then required_outcome end) as required_outcome,
        max(case when signal_code = 'opened' and is_machine_open_allowed then 1 else 0 end) as counts_machine_open
    from {{ ref('contact_effectiveness') }}
    group by direction, channel_code
),

known as (
    select
        contacts.contact_id,
        contacts.customer_id,
        contacts.employee_id,
        contacts.direction,
        contacts.channel,
        contacts.purpose,
        contacts.reason_code,
        contacts.component_code,
        contacts.campaign_code,
        contacts.comm_rule_code,
        contacts.ticket_id,
        contacts.trigger_response_id,
        contacts.duration_sec,
        coalesce(contacts.is_automated, contacts.employee_id is null) as is_automated,
        coalesce(contacts.is_personalised, false) as is_personalised,
        coalesce(contacts.is_machine_open, false) as is_machine_open,
        contacts.attempted_date,
        contacts.attempted_at,
        {% for moment in ['delivered'] + signals %}
        case
            when contacts.{{ moment }}_at < run_context.as_of_end_at then contacts.{{ moment }}_at
        end as {{ moment }}_at,
        {% endfor %}
        -- The outcome is known when the contact ends.
        case
            when coalesce(contacts.ended_at, contacts.attempted_at) < run_context.as_of_end_at
                then contacts.outcome_code
        end as outcome_code
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join {{ ref('run_context') }} as run_context
        on contacts.attempted_date <= run_context.as_of_date
),

classified as (
    select
        known.*,
        case
            when rules.counts_opened = 1 and (not known.is_machine_open or rules.counts_machine_open = 1)
                then known.opened_at
        end as opened_effective_at,
        case when rules.counts_clicked = 1 then known.clicked_at end as clicked_effective_at,
        case
            when rules.counts_answered = 1
                and coalesce(known.duration_sec, 0) >= coalesce(rules.min_duration_sec, 0)
                and (rules.required_outcome is null or known.outcome_code = rules.required_outcome)
                then known.answered_at
        end as answered_effective_at,
        case when rules.counts_replied = 1 then known.replied_at end as replied_effective_at,
        case when rules.counts_held = 1 then known.held_at end as held_effective_at,
        outcomes.outcome_role,
        rules.min_duration_sec
    from known
    left join rules
        on known.direction = rules.direction
        and known.channel = rules.channel_code
    left join {{ ref('contact_outcomes') }} as outcomes
        on known.outcome_code = outcomes.outcome_code
),

timed as (
    select
        classified.*,
        least(
            classified.opened_effective_at,
            classified.clicked_effective_at,
            classified.answered_effective_at,
            classified.replied_effective_at,
            classified.held_effective_at
        ) as effective_at,
        -- A robot that opens a message, an answering machine and a stranger are not the customer.
        least(
            classified.opened_effective_at,
            case when not classified.is_machine_open then classified.opened_at end,
            classified.clicked_at,
            case
                when coalesce(classified.outcome_role, '') not in ('voicemail', 'no_answer', 'wrong_number')
                    then classified.answered_at
            end,
            classified.answered_effective_at,
            classified.replied_at,
            classified.held_at
        ) as reached_at,
        -- Receipts get lost or come late: a message that was opened or answered had been delivered.
        least(
            classified.delivered_at,
            classified.opened_at,
            classified.clicked_at,
            classified.answered_at,
            classified.replied_at,
            classified.held_at
        ) as first_delivered_at
    from classified
)

select
    contact_id,
    customer_id,
    employee_id,
    ticket_id,
    trigger_response_id,
    direction,
    channel,
    purpose,
    reason_code,
    component_code,
    campaign_code,
    comm_rule_code,
    outcome_code,
    outcome_role,
    case
        when effective_at is not null then null
        when outcome_role in ('bounced', 'wrong_number', 'voicemail', 'refused', 'cancelled') then outcome_role
        when answered_at is not null and coalesce(duration_sec, 0) < min_duration_sec then 'too_short'
        when opened_at is not null and is_machine_open then 'machine_open'
        when reached_at is not null then 'signal_not_counted'
        when channel in ('call', 'chat') then 'no_answer'
        when first_delivered_at is not null then 'no_reaction'
        else 'no_signal'
    end as ineffective_reason,
    case
        when effective_at = clicked_effective_at then channel || '_clicked'
        when effective_at = replied_effective_at then channel || '_replied'
        when effective_at = answered_effective_at then channel || '_answered'
        when effective_at = held_effective_at then channel || '_held'
        when effective_at is not null then channel || '_opened'
    end as effectiveness_rule,
    is_automated,
    is_personalised,
    duration_sec,
    attempted_date,
    attempted_at,
    first_delivered_at as delivered_at,
    reached_at,
    effective_at
from timed
