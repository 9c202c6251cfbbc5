-- What was said around each churn, up to the business day: exit surveys, contacts, complaints and the last score.
with events as (
    select
        churn_events.customer_id,
        churn_events.source_customer_id,
        churn_events.tenure_number,
        churn_events.churned_date,
        churn_events.reactivated_date,
        {{ add_days('churn_events.churned_date', '-policy.churn_evidence_days') }} as evidence_from,
        {{ add_days('churn_events.churned_date', 'policy.churn_evidence_days') }} as evidence_to,
        {{ add_days('churn_events.churned_date', 'policy.winback_window_days') }} as winback_to,
        run_context.as_of_end_at
    from {{ ref('fct_churn_events') }} as churn_events
    cross join {{ ref('policy') }} as policy
    cross join {{ ref('run_context') }} as run_context
),

exit_questions as (
    select distinct
        survey_code,
        question_code
    from {{ ref('dim_survey_questions') }}
    where role = 'churn_reason'
),

asked as (
    select
        events.customer_id,
        events.tenure_number,
        min(invitations.sent_at) as exit_asked_at
    from events
    inner join {{ ref('stg_surveys__survey_invitations') }} as invitations
        on events.source_customer_id = invitations.customer_id
        and invitations.sent_date >= events.evidence_from
        and invitations.sent_date < events.evidence_to
        and invitations.sent_at < events.as_of_end_at
    where invitations.survey_code in (select exit_questions.survey_code from exit_questions)
    group by events.customer_id, events.tenure_number
),

answered as (
    select
        events.customer_id,
        events.tenure_number,
        answers.option_code,
        row_number() over (
            partition by events.customer_id, events.tenure_number
            order by responses.submitted_at desc, responses.response_id asc
        ) as choice
    from events
    inner join {{ ref('stg_surveys__survey_responses') }} as responses
        on events.source_customer_id = responses.customer_id
        and responses.submitted_date >= events.evidence_from
        and responses.submitted_date < events.evidence_to
        and responses.submitted_at < events.as_of_end_at
    inner join {{ ref('stg_surveys__survey_answers') }} as answers
        on responses.response_id = answers.response_id
    inner join exit_questions
        on responses.survey_code = exit_questions.survey_code
        and answers.question_code = exit_questions.question_code
    where answers.option_code is not null
),

contacts as (
    select
        events.customer_id,
        events.tenure_number,
        case when notes.outcome_reason <> 'unknown' then notes.outcome_reason end as agent_reason_code,
        min(case when contacts.purpose_role = 'exit' then contacts.effective_at end) over (
            partition by events.customer_id, events.tenure_number
        ) as exit_talk_at,
        row_number() over (
            partition by events.customer_id, events.tenure_number
            order by
                case when coalesce(notes.outcome_reason, 'unknown') = 'unknown' then 1 else 0 end asc,
                contacts.attempted_at desc,
                contacts.contact_id asc
        ) as choice
    from events
    inner join {{ ref('fct_contacts') }} as contacts
        on events.customer_id = contacts.customer_id
        and contacts.purpose_role in ('exit', 'winback', 'retention')
        and contacts.attempted_date >= events.evidence_from
        and contacts.attempted_date < events.evidence_to
    inner join {{ ref('stg_crm__contacts') }} as notes
        on contacts.contact_id = notes.contact_id
),

complaints as (
    select
        events.customer_id,
        events.tenure_number,
        tickets.topic_code,
        {{ business_date('tickets.opened_at') }} >= events.churned_date as is_after,
        row_number() over (
            partition by
                events.customer_id,
                events.tenure_number,
                {{ business_date('tickets.opened_at') }} >= events.churned_date
            order by tickets.opened_at desc, tickets.ticket_id asc
        ) as choice
    from events
    inner join {{ ref('stg_support__tickets') }} as tickets
        on events.source_customer_id = tickets.customer_id
        and tickets.is_complaint
        and tickets.opened_at < events.as_of_end_at
        and {{ business_date('tickets.opened_at') }} >= events.evidence_from
        and {{ business_date('tickets.opened_at') }} < events.winback_to
        and {{ business_date('tickets.opened_at') }} < coalesce(events.reactivated_date, {{ end_of_time('timestamp') }})
),

complained as (
    select
        customer_id,
        tenure_number,
        max(case when not is_after then 1 else 0 end) as has_before,
        max(case when is_after then 1 else 0 end) as has_after,
        max(case when not is_after and choice = 1 then topic_code end) as prior_topic_code
    from complaints
    group by customer_id, tenure_number
)

select
    events.customer_id,
    events.tenure_number,
    answered.option_code as survey_reason_code,
    contacts.agent_reason_code,
    complained.prior_topic_code,
    scores.nps_score as last_nps_score,
    scores.nps_group as last_nps_group,
    coalesce(complained.has_before, 0) = 1 as has_complained_before,
    coalesce(complained.has_after, 0) = 1 as has_complained_after,
    asked.exit_asked_at,
    contacts.exit_talk_at
from events
left join asked
    on events.customer_id = asked.customer_id
    and events.tenure_number = asked.tenure_number
left join answered
    on events.customer_id = answered.customer_id
    and events.tenure_number = answered.tenure_number
    and answered.choice = 1
left join contacts
    on events.customer_id = contacts.customer_id
    and events.tenure_number = contacts.tenure_number
    and contacts.choice = 1
left join complained
    on events.customer_id = complained.customer_id
    and events.tenure_number = complained.tenure_number
left join {{ ref('customer_nps_periods') }} as scores
    on events.source_customer_id = scores.customer_id
    and scores.valid_from <= events.churned_date
    and scores.valid_to > events.churned_date
