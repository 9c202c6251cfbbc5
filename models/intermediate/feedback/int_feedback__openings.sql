-- Every time that a piece of feedback was taken up, and how far it came. A case that is reopened starts a new row; what
-- was done before belongs to the first opening.
with case_names as (
    select
        case_id,
        source_type as source_kind,
        source_id
    from {{ ref('fct_feedback_cases') }}
    union all
    -- Feedback that is only known by its case goes by the name of the case.
    select
        case_id,
        'case' as source_kind,
        case_id as source_id
    from {{ ref('fct_feedback_cases') }}
),

received as (
    select
        received.*,
        cases.case_id,
        cases.decided_by_employee_id,
        cases.contact_id,
        cases.reason_topic,
        cases.fix_topic,
        cases.is_callback_required,
        cases.opened_at,
        cases.processed_at,
        cases.decided_at,
        cases.resolved_at,
        cases.informed_at,
        coalesce(cases.subject_employee_id, received.subject_employee_id) as evaluated_employee_id,
        coalesce(cases.subject_unit, received.subject_unit) as evaluated_unit,
        row_number() over (
            partition by received.source_kind, received.source_id order by cases.opened_at, cases.case_id
        ) as opening_order,
        lead(cases.opened_at) over (
            partition by received.source_kind, received.source_id order by cases.opened_at, cases.case_id
        ) as next_opened_at
    from {{ ref('int_feedback__received') }} as received
    left join case_names
        on received.source_kind = case_names.source_kind
        and received.source_id = case_names.source_id
    left join {{ ref('fct_feedback_cases') }} as cases
        on case_names.case_id = cases.case_id
),

openings as (
    select
        *,
        case when opening_order = 1 then received_at else opened_at end as begun_at,
        case when opening_order = 1 then replied_at end as first_replied_at
    from received
),

-- A contact belongs to the response or ticket that caused it, and to the case that names it.
attempts as (
    {%- for opening_key, contact_key, condition in [
        ('source_id', 'trigger_response_id', "openings.source_kind = 'response'"),
        ('source_id', 'ticket_id', "openings.source_kind = 'ticket'"),
        ('contact_id', 'contact_id', 'openings.contact_id is not null'),
    ] %}
    {{ 'union all' if not loop.first }}
    select
        openings.source_kind,
        openings.source_id,
        openings.opening_order,
        {{ settled_moment('contacts.attempted_at', 'openings.begun_at') }} as attempted_at,
        {{ settled_moment('contacts.effective_at', 'openings.begun_at') }} as effective_at
    from openings
    inner join {{ ref('fct_contacts') }} as contacts
        on openings.{{ opening_key }} = contacts.{{ contact_key }}
        and openings.customer_id = contacts.customer_id
        and {{ is_not_before('contacts.attempted_at', 'openings.begun_at') }}
        and not coalesce({{ is_not_before('contacts.attempted_at', 'openings.next_opened_at') }}, false)
    where contacts.direction = 'outbound'
        and {{ condition }}
    {%- endfor %}
),

contacts as (
    select
        source_kind,
        source_id,
        opening_order,
        min(attempted_at) as first_attempt_at,
        min(effective_at) as effective_at
    from attempts
    group by source_kind, source_id, opening_order
),

timed as (
    select
        openings.source_kind,
        openings.source_id,
        openings.case_id,
        openings.opening_order,
        openings.customer_id,
        openings.survey_code,
        openings.stage_code,
        openings.touchpoint_code,
        openings.metric_code,
        openings.nps_group_code,
        openings.topic_code,
        openings.evaluated_employee_id,
        openings.evaluated_unit,
        openings.decided_by_employee_id,
        openings.reason_topic,
        openings.fix_topic,
        openings.metric_score,
        openings.low_up_to_score,
        openings.sentiment,
        openings.has_comment,
        openings.is_direct,
        openings.is_followup_required,
        openings.is_callback_required,
        case when openings.opening_order = 1 then openings.next_score end as next_score,
        case when openings.opening_order = 1 then openings.next_at end as next_at,
        openings.begun_at,
        {{ dbt.dateadd('day', 'openings.sla_days', 'openings.begun_at') }} as due_at,
        openings.decided_at,
        contacts.first_attempt_at,
        least(contacts.first_attempt_at, openings.first_replied_at) as first_reaction_at,
        least(contacts.effective_at, openings.first_replied_at) as contacted_at,
        least(contacts.first_attempt_at, openings.informed_at, openings.first_replied_at) as first_reply_at,
        least(openings.processed_at, contacts.first_attempt_at, openings.first_replied_at) as processed_at,
        coalesce(openings.informed_at, case when openings.opening_order = 1 then openings.known_at end) as informed_at,
        coalesce(openings.resolved_at, case when openings.opening_order = 1 then openings.settled_at end)
            as resolved_at
    from openings
    left join contacts
        on openings.source_kind = contacts.source_kind
        and openings.source_id = contacts.source_id
        and openings.opening_order = contacts.opening_order
),

stated as (
    select
        *,
        case
            when informed_at is not null then 'informed'
            when decided_at is not null and not coalesce(is_callback_required, false) then 'no_callback'
            when resolved_at is not null then 'resolved'
            when contacted_at is not null then 'contacted'
            when decided_at is not null then 'decided'
            when processed_at is not null then 'processed'
            else 'received'
        end as case_state
    from timed
)

select
    *,
    -- Where no follow-up is required, processing closes the feedback.
    case_state in ('informed', 'no_callback')
    or (not is_followup_required and not coalesce(is_callback_required, false) and processed_at is not null)
        as is_closed
from stated
