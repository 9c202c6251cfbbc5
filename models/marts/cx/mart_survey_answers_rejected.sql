select
    answers.response_id,
    answers.question_code,
    answers.survey_code,
    answers.reject_reason,
    answers.score as rejected_score,
    answers.asked_date
from {{ ref('fct_survey_answers') }} as answers
inner join {{ ref('run_context') }} as run_context
    on coalesce(answers.asked_date, run_context.as_of_date) <= run_context.as_of_date
where answers.reject_reason is not null
