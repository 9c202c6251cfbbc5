select
    questions.survey_code,
    questions.question_code,
    questions.title,
    surveys.programme,
    questions.metric_code,
    questions.metric_part,
    questions.role,
    questions.question_version,
    questions.scale_min,
    questions.scale_max,
    questions.top_from,
    questions.bottom_to,
    questions.is_reverse_coded,
    questions.is_required,
    questions.is_free_text,
    questions.options_count,
    questions.valid_from,
    questions.valid_to
from {{ ref('survey_questions') }} as questions
inner join {{ ref('surveys') }} as surveys
    on questions.survey_code = surveys.survey_code
