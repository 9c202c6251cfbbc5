select
    metrics.metric_code,
    metrics.title,
    metrics.index_kind,
    metrics.is_quarterly,
    count(questions.question_code) > 0 as is_asked,
    count(questions.top_from) > 0 as has_boxes
from {{ ref('survey_metrics') }} as metrics
left join {{ ref('survey_questions') }} as questions
    on metrics.metric_code = questions.metric_code
group by metrics.metric_code, metrics.title, metrics.index_kind, metrics.is_quarterly
