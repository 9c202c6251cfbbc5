select
    metrics.metric_code,
    metrics.title,
    metrics.index_kind,
    metrics.is_quarterly,
    coalesce(metrics.base_metric_code, metrics.metric_code) as base_metric_code,
    metrics.metric_part,
    coalesce(metrics.is_as_given, false) as is_as_given,
    metrics.feedback_order,
    coalesce(
        metrics.headline_programme,
        case min(case questions.programme when 'relational' then 1 when 'transactional' then 2 when 'exit' then 3 end)
            when 1 then 'relational'
            when 2 then 'transactional'
            when 3 then 'exit'
        end
    ) as headline_programme,
    count(distinct coalesce(questions.metric_part, questions.metric_code)) as parts_count,
    count(questions.question_code) > 0 as is_asked,
    count(questions.top_from) > 0 as has_boxes
from {{ ref('survey_metrics') }} as metrics
left join {{ ref('dim_survey_questions') }} as questions
    on coalesce(metrics.base_metric_code, metrics.metric_code) = questions.metric_code
group by
    metrics.metric_code,
    metrics.title,
    metrics.index_kind,
    metrics.is_quarterly,
    metrics.base_metric_code,
    metrics.metric_part,
    metrics.is_as_given,
    metrics.feedback_order,
    metrics.headline_programme
