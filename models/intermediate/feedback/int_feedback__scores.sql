-- Scores that the feedback loop works with, each with the next answer of the same customer to the same metric.
with routed as (
    select distinct metric_code
    from {{ ref('score_routes') }}
)

select
    scores.response_id,
    scores.customer_id,
    responses.survey_code,
    responses.stage_code,
    responses.touchpoint_code,
    scores.nps_group,
    scores.metric_code,
    cast(scores.score as integer) as metric_score,
    metrics.feedback_order as metric_order,
    lead(cast(scores.score as integer)) over (
        partition by coalesce(scores.customer_id, scores.response_id), scores.metric_code
        order by scores.submitted_at, scores.response_id
    ) as next_score,
    responses.has_comment,
    scores.submitted_at,
    lead(scores.submitted_at) over (
        partition by coalesce(scores.customer_id, scores.response_id), scores.metric_code
        order by scores.submitted_at, scores.response_id
    ) as next_at
from {{ ref('fct_survey_scores') }} as scores
inner join {{ ref('fct_survey_responses') }} as responses
    on scores.response_id = responses.response_id
inner join {{ ref('dim_survey_metrics') }} as metrics
    on scores.metric_code = metrics.metric_code
left join routed
    on scores.metric_code = routed.metric_code
where metrics.feedback_order is not null
    or routed.metric_code is not null
