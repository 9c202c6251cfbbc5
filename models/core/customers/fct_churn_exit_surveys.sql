-- Exit surveys of each churned customer: when they were asked, and their latest answer.
with events as (
    select
        churn_events.customer_id,
        churn_events.source_customer_id,
        churn_events.tenure_number,
        {{ add_days('churned_date', '-policy.churn_evidence_days') }} as evidence_from,
        {{ add_days('churned_date', 'policy.churn_evidence_days') }} as evidence_to
    from {{ ref('fct_churn_events') }} as churn_events
    cross join {{ ref('policy') }} as policy
),

exit_questions as (
    select distinct
        survey_code,
        question_code
    from {{ ref('dim_survey_questions') }}
    where role = 'churn_reason'
),

exit_surveys as (
    select distinct survey_code
    from exit_questions
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
    inner join exit_surveys
        on invitations.survey_code = exit_surveys.survey_code
    inner join {{ ref('run_context') }} as run_context
        on invitations.sent_at < run_context.as_of_end_at
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
    inner join {{ ref('run_context') }} as run_context
        on responses.submitted_at < run_context.as_of_end_at
    inner join {{ ref('stg_surveys__survey_answers') }} as answers
        on responses.response_id = answers.response_id
    inner join exit_questions
        on responses.survey_code = exit_questions.survey_code
        and answers.question_code = exit_questions.question_code
    where answers.option_code is not null
)

select
    events.customer_id,
    events.tenure_number,
    answered.option_code as survey_reason_code,
    asked.exit_asked_at
from events
left join asked
    on events.customer_id = asked.customer_id
    and events.tenure_number = asked.tenure_number
left join answered
    on events.customer_id = answered.customer_id
    and events.tenure_number = answered.tenure_number
    and answered.choice = 1
