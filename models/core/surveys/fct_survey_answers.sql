-- The one place where answers meet the question registry: validated against the scale, reversed where the question is.
{{ config(materialized='view') }}
with answers as (
    select
        answers.response_id,
        answers.question_code,
        answers.score,
        answers.option_code,
        answers.has_text,
        responses.survey_code,
        -- The form of the day on which the customer began counts, because that is the one they saw.
        {{ business_date('coalesce(responses.started_at, responses.submitted_at, answers.answered_at)') }} as asked_date
    from {{ ref('stg_surveys__survey_answers') }} as answers
    inner join {{ ref('stg_surveys__survey_responses') }} as responses
        on answers.response_id = responses.response_id
),

validated as (
    select
        answers.*,
        questions.metric_code,
        questions.metric_part,
        questions.top_from,
        questions.bottom_to,
        questions.is_required,
        case when questions.is_reverse_coded then questions.scale_min + questions.scale_max - answers.score
            else answers.score
        end as directed_score,
        case
            when questions.question_code is null then 'unknown_question'
            when answers.score is null then null
            when questions.scale_min is null then 'score_not_asked'
            when answers.score < questions.scale_min or answers.score > questions.scale_max then 'score_outside_scale'
        end as reject_reason
    from answers
    left join {{ ref('dim_survey_questions') }} as questions
        on answers.survey_code = questions.survey_code
        and answers.question_code = questions.question_code
        and {{ holds_at('questions', 'answers.asked_date') }}
)

select
    response_id,
    question_code,
    survey_code,
    metric_code,
    metric_part,
    option_code,
    reject_reason,
    score,
    case when reject_reason is null then directed_score end as directed_score,
    case
        when reject_reason is not null or directed_score is null then null
        when directed_score >= top_from then 'top'
        when directed_score <= bottom_to then 'bottom'
        when top_from is not null then 'middle'
    end as score_box,
    is_required,
    has_text,
    asked_date
from validated
