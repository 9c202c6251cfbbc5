-- Outcome of every attempt as of the end of the business day (CON-01); later openings and answers do not count yet.
-- Each run rebuilds the contacts of customers with new or changed rows, or with a moment that has passed since.
{% set signals = ['opened', 'clicked', 'answered', 'replied', 'held'] %}
{% set changes = [
    {'relation': 'stg_crm__contacts', 'as_of': 'attempted_date'},
    {'relation': 'stg_crm__customers', 'as_of': 'registered_date'},
    {'relation': 'stg_crm__customers', 'as_of': business_date('deleted_at'), 'only': 'passing'},
    {'relation': 'stg_crm__customer_segments', 'as_of': 'valid_from'},
    {'relation': 'stg_crm__customer_owners', 'as_of': business_date('valid_from')},
    {'relation': 'contact_employees', 'as_of': 'valid_from'},
] %}
{% for moment in ['delivered', 'ended'] + signals %}
{% do changes.append(
    {'relation': 'stg_crm__contacts', 'as_of': business_date(moment ~ '_at'), 'only': 'passing'}
) %}
{% endfor %}
{{ changed_keys({'customer_id': 'customer_id'}, changes) }}
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

-- A step of its own, so that the sort carries few columns.
episodes as (
    select
        contacts.contact_id,
        coalesce(
            {{ add_time(
                'minute',
                'lag(contacts.attempted_at) over (
                    partition by contacts.customer_id, contacts.direction, contacts.channel
                    order by contacts.attempted_at, contacts.contact_id
                )',
                'policy.contact_burst_minutes'
            ) }} <= contacts.attempted_at,
            true
        ) as is_episode_start
    from {{ ref('stg_crm__contacts') }} as contacts
    cross join {{ ref('policy') }} as policy
    where {{ rows_to_build() }}
),

incoming as (
    select * from {{ ref('stg_crm__contacts') }}
    where {{ rows_to_build() }}
),

seen as (
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
        -- The outcome is known when the contact ends; a contact that ends tomorrow has none yet.
        case
            when
                coalesce(contacts.ended_at, contacts.attempted_at) < run_context.as_of_end_at
                then contacts.outcome_code
        end as outcome_code,
        episodes.is_episode_start
    from incoming as contacts
    inner join episodes
        on contacts.contact_id = episodes.contact_id
    inner join {{ ref('customer_registrations') }} as registration
        on contacts.customer_id = registration.customer_id
    inner join {{ ref('run_context') }} as run_context
        on contacts.attempted_date <= run_context.as_of_date
),

evaluated as (
    select
        seen.*,
        case
            when rules.counts_opened = 1 and (not seen.is_machine_open or rules.counts_machine_open = 1)
                then seen.opened_at
        end as opened_effective_at,
        case when rules.counts_clicked = 1 then seen.clicked_at end as clicked_effective_at,
        case
            when rules.counts_answered = 1
                and coalesce(seen.duration_sec, 0) >= coalesce(rules.min_duration_sec, 0)
                and (rules.required_outcome is null or seen.outcome_code = rules.required_outcome)
                then seen.answered_at
        end as answered_effective_at,
        case when rules.counts_replied = 1 then seen.replied_at end as replied_effective_at,
        case when rules.counts_held = 1 then seen.held_at end as held_effective_at,
        outcomes.outcome_role,
        rules.min_duration_sec
    from seen
    left join rules
        on seen.direction = rules.direction
        and seen.channel = rules.channel_code
    left join {{ ref('contact_outcomes') }} as outcomes
        on seen.outcome_code = outcomes.outcome_code
),

timed as (
    select
        evaluated.*,
        least(
            evaluated.opened_effective_at,
            evaluated.clicked_effective_at,
            evaluated.answered_effective_at,
            evaluated.replied_effective_at,
            evaluated.held_effective_at
        ) as effective_at,
        -- Only a person counts: not a robot that opens mail, an answering machine or somebody else.
        least(
            evaluated.opened_effective_at,
            case when not evaluated.is_machine_open then evaluated.opened_at end,
            evaluated.clicked_at,
            case
                when
                    coalesce(evaluated.outcome_role, '') not in ('voicemail', 'no_answer', 'wrong_number')
                    then evaluated.answered_at
            end,
            evaluated.answered_effective_at,
            evaluated.replied_at,
            evaluated.held_at
        ) as reached_at,
        -- Delivery receipts get lost or arrive late: what was opened or answered had been delivered.
        least(
            evaluated.delivered_at,
            evaluated.opened_at,
            evaluated.clicked_at,
            evaluated.answered_at,
            evaluated.replied_at,
            evaluated.held_at
        ) as first_delivered_at
    from evaluated
)

select
    timed.contact_id,
    timed.customer_id,
    timed.employee_id,
    owners.employee_id as owner_employee_id,
    timed.ticket_id,
    timed.trigger_response_id,
    timed.direction,
    timed.channel,
    timed.purpose,
    timed.reason_code,
    timed.component_code,
    timed.campaign_code,
    timed.comm_rule_code,
    timed.outcome_code,
    timed.outcome_role,
    case
        when timed.effective_at is not null then null
        when timed.outcome_role in ('bounced', 'wrong_number', 'voicemail', 'refused', 'cancelled')
            then timed.outcome_role
        when timed.answered_at is not null and coalesce(timed.duration_sec, 0) < timed.min_duration_sec then 'too_short'
        when timed.opened_at is not null and timed.is_machine_open then 'machine_open'
        when timed.reached_at is not null then 'signal_not_counted'
        when timed.channel in ('call', 'chat') then 'no_answer'
        when timed.first_delivered_at is not null then 'no_reaction'
        else 'no_signal'
    end as ineffective_reason,
    case
        when timed.effective_at = timed.clicked_effective_at then timed.channel || '_clicked'
        when timed.effective_at = timed.replied_effective_at then timed.channel || '_replied'
        when timed.effective_at = timed.answered_effective_at then timed.channel || '_answered'
        when timed.effective_at = timed.held_effective_at then timed.channel || '_held'
        when timed.effective_at is not null then timed.channel || '_opened'
    end as effectiveness_rule,
    coalesce(employees.team, case when timed.is_automated then 'system' else 'unknown' end) as team_code,
    segments.segment_code as value_segment_code,
    purposes.consent_purpose,
    purposes.role as purpose_role,
    timed.is_automated,
    timed.is_personalised,
    timed.effective_at is not null as is_effective,
    coalesce(purposes.is_consent_required, false) as is_consent_required,
    -- A contact about a ticket is an answer, whatever its purpose says.
    timed.direction = 'outbound' and coalesce(purposes.is_proactive, true) and timed.ticket_id is null as is_proactive,
    timed.is_episode_start,
    timed.duration_sec,
    timed.attempted_date,
    {{ business_date('timed.effective_at') }} as effective_date,
    timed.attempted_at,
    timed.first_delivered_at as delivered_at,
    timed.reached_at,
    timed.effective_at
from timed
left join {{ ref('contact_purposes') }} as purposes
    on coalesce(timed.purpose, 'unknown') = purposes.purpose_code
left join {{ ref('dim_employees') }} as employees
    on timed.employee_id = employees.employee_id
    and {{ holds_at('employees', 'timed.attempted_date') }}
left join {{ ref('dim_customer_segments') }} as segments
    on timed.customer_id = segments.customer_id
    and segments.scheme = 'value'
    and {{ holds_at('segments', 'timed.attempted_date') }}
left join {{ ref('dim_customer_owners') }} as owners
    on timed.customer_id = owners.customer_id
    and owners.role = 'account_manager'
    and {{ holds_at('owners', 'timed.attempted_at') }}
