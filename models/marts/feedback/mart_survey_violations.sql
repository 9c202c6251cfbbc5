with violations as (
    select
        'invitation' as record_kind,
        violations.invitation_id as record_id,
        violations.rule_code,
        violations.invitation_id,
        cast(null as {{ dbt.type_string() }}) as response_id,
        cast(null as {{ dbt.type_string() }}) as question_code,
        invitations.customer_id,
        invitations.survey_code,
        invitations.trigger_type,
        invitations.trigger_key,
        invitations.channel,
        violations.source_id,
        violations.distance_days,
        cast(null as integer) as rejected_score,
        invitations.sent_date as violation_date,
        invitations.sent_at
    from {{ ref('int_feedback__survey_violations') }} as violations
    inner join {{ ref('fct_survey_invitation_outcomes') }} as invitations
        on violations.invitation_id = invitations.invitation_id
    union all
    -- The registry of questions rejects answers one by one, also of responses that are still open.
    select
        'answer' as record_kind,
        answers.response_id || ':' || answers.question_code as record_id,
        answers.reject_reason as rule_code,
        responses.invitation_id,
        answers.response_id,
        answers.question_code,
        responses.customer_id,
        answers.survey_code,
        responses.trigger_type,
        responses.trigger_key,
        responses.channel,
        answers.question_code as source_id,
        cast(null as bigint) as distance_days,
        answers.score as rejected_score,
        answers.asked_date as violation_date,
        cast(null as timestamp) as sent_at
    from {{ ref('fct_survey_answers') }} as answers
    inner join {{ ref('run_context') }} as run_context
        on coalesce(answers.asked_date, run_context.as_of_date) <= run_context.as_of_date
    left join {{ ref('fct_survey_responses') }} as responses
        on answers.response_id = responses.response_id
    where answers.reject_reason is not null
)

select
    violations.record_kind,
    violations.record_id,
    violations.rule_code,
    violations.invitation_id,
    violations.response_id,
    violations.question_code,
    violations.customer_id,
    status.status as customer_status,
    violations.survey_code,
    violations.trigger_type as trigger_kind,
    violations.trigger_key,
    violations.channel as channel_code,
    violations.source_id,
    violations.rejected_score,
    violations.distance_days,
    status.is_paying,
    {{ period_start('month', 'violations.violation_date') }} as violation_month,
    violations.violation_date,
    violations.sent_at
from violations
{{ attributes_as_of('violations', 'violations.violation_date', ['status']) }}
