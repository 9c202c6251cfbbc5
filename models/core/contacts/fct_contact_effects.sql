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
        max(case when signal_code = '{{ signal }}' then min_duration_sec end) as min_{{ signal }}_sec,
        max(case when signal_code = '{{ signal }}' then required_outcome end) as {{ signal }}_outcome,
        {% endfor %}
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

started as (
    select
        known.*,
        outcomes.outcome_role,
        case when known.is_machine_open then known.opened_at end as machine_opened_at
    from known
    left join {{ ref('contact_outcomes') }} as outcomes
        on known.outcome_code = outcomes.outcome_code
),

-- Receipts come late, so a reaction is compared with the attempt as well as with the delivery; a gateway that checks a
-- message may react when it opens it.
delayed as (
    select
        {% for signal in signals %}
        rules.counts_{{ signal }},
        rules.min_{{ signal }}_sec,
        rules.{{ signal }}_outcome,
        {% endfor %}
        {% for signal in ['opened', 'clicked', 'replied'] %}
        {{ seconds_since_latest('started.' ~ signal ~ '_at', [
            'started.attempted_at', 'started.delivered_at', 'started.machine_opened_at'
        ]) }} as {{ signal }}_after_sec,
        {% endfor %}
        rules.counts_machine_open,
        started.*
    from started
    left join rules
        on started.direction = rules.direction
        and started.channel = rules.channel_code
),

-- A robot reacts sooner than a person can.
reacted as (
    select
        delayed.*,
        delayed.is_machine_open
        or coalesce(delayed.opened_after_sec < delayed.min_opened_sec, false) as is_machine_opened,
        coalesce(delayed.clicked_after_sec < delayed.min_clicked_sec, false) as is_machine_clicked,
        coalesce(delayed.outcome_role, '') = 'auto_reply'
        or coalesce(delayed.replied_after_sec < delayed.min_replied_sec, false) as is_machine_replied,
        coalesce(delayed.duration_sec, 0) < coalesce(delayed.min_answered_sec, 0) as is_talk_too_short,
        coalesce(delayed.duration_sec, 0) < coalesce(delayed.min_held_sec, 0) as is_meeting_too_short
    from delayed
),

classified as (
    select
        {% for signal, is_void in {
            'opened': 'is_machine_opened and reacted.counts_machine_open = 0', 'clicked': 'is_machine_clicked',
            'answered': 'is_talk_too_short', 'replied': 'is_machine_replied', 'held': 'is_meeting_too_short',
        }.items() %}
        case
            when reacted.counts_{{ signal }} = 1
                and not (reacted.{{ is_void }})
                and (reacted.{{ signal }}_outcome is null or reacted.outcome_code = reacted.{{ signal }}_outcome)
                then reacted.{{ signal }}_at
        end as {{ signal }}_effective_at,
        {% endfor %}
        reacted.*
    from reacted
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
        -- A robot that opens, clicks or replies, an answering machine and a stranger are not the customer.
        least(
            classified.opened_effective_at,
            case when not classified.is_machine_opened then classified.opened_at end,
            case when not classified.is_machine_clicked then classified.clicked_at end,
            case
                when coalesce(classified.outcome_role, '') not in ('voicemail', 'no_answer', 'wrong_number')
                    then classified.answered_at
            end,
            classified.answered_effective_at,
            case when not classified.is_machine_replied then classified.replied_at end,
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
        when answered_at is not null and is_talk_too_short or held_at is not null and is_meeting_too_short
            then 'too_short'
        when replied_at is not null and is_machine_replied then 'auto_reply'
        when opened_at is not null and is_machine_opened or is_machine_clicked then 'machine_open'
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
