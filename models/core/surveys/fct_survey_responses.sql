with responses as (
    select
        responses.*,
        {{ business_date('coalesce(responses.started_at, responses.submitted_at)') }} as begun_date,
        {{ known('responses.crm_synced_at') }} as known_synced_at,
        -- A response that was submitted after the business day is still open on it.
        coalesce(responses.submitted_at < run_context.as_of_end_at, false) as is_submitted,
        case when responses.submitted_at < run_context.as_of_end_at then responses.response_id end
            as submitted_response_id
    from {{ ref('stg_surveys__survey_responses') }} as responses
    inner join {{ ref('run_context') }} as run_context
        on coalesce(responses.started_at, responses.submitted_at) < run_context.as_of_end_at
    left join {{ ref('customer_registrations') }} as customers
        on responses.customer_id = customers.customer_id
    -- Anonymous answers count; answers of test accounts and deleted customers do not.
    where responses.customer_id is null or customers.customer_id is not null
),

answers as (
    select
        response_id,
        count(case when reject_reason is null and (score is not null or option_code is not null or has_text) then 1 end)
            as answers_count,
        count(reject_reason) as rejected_answers_count,
        coalesce(max(case when has_text then 1 end), 0) = 1 as has_comment
    from {{ ref('fct_survey_answers') }}
    group by response_id
),

-- The score that represents a response where only one can be shown: that of the first metric in the order of policy.
main_scores as (
    select
        answers.response_id,
        answers.metric_code as main_metric_code,
        answers.directed_score as main_score,
        row_number() over (
            partition by answers.response_id order by metrics.feedback_order, answers.question_code
        ) as choice
    from {{ ref('fct_survey_answers') }} as answers
    inner join {{ ref('dim_survey_metrics') }} as metrics
        on answers.metric_code = metrics.metric_code
        and metrics.feedback_order is not null
    where answers.directed_score is not null
)

select
    responses.response_id,
    responses.invitation_id,
    responses.customer_id,
    responses.survey_code,
    surveys.programme,
    invitations.trigger_type,
    invitations.trigger_key,
    coalesce(responses.channel, invitations.channel) as channel,
    coalesce(responses.stage_code, invitations.stage_code) as stage_code,
    coalesce(responses.touchpoint_code, invitations.touchpoint_code) as touchpoint_code,
    coalesce(responses.ticket_id, invitations.ticket_id) as ticket_id,
    responses.subject_employee_id,
    responses.subject_unit,
    case when responses.is_submitted then responses.status else 'open' end as status,
    main_scores.main_metric_code,
    main_scores.main_score,
    coalesce(answers.answers_count, 0) as answers_count,
    coalesce(answers.rejected_answers_count, 0) as rejected_answers_count,
    responses.is_submitted and responses.status = 'complete' as is_complete,
    coalesce(answers.has_comment, false) as has_comment,
    responses.begun_date,
    case when responses.is_submitted then responses.submitted_date end as response_date,
    invitations.sent_at,
    responses.started_at,
    case when responses.is_submitted then responses.submitted_at end as submitted_at,
    responses.known_synced_at as synced_at
from responses
left join {{ ref('surveys') }} as surveys
    on responses.survey_code = surveys.survey_code
left join {{ ref('stg_surveys__survey_invitations') }} as invitations
    on responses.invitation_id = invitations.invitation_id
-- Answers count once the response was submitted, complete or partial. The key carries that condition: with a condition
-- on the left side alone the engine compares every row with every other.
left join answers
    on responses.submitted_response_id = answers.response_id
left join main_scores
    on responses.submitted_response_id = main_scores.response_id
    and main_scores.choice = 1
