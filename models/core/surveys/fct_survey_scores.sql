-- One score per response and metric, computed from the answers as the metrics of the policy say.
with parts as (
    select
        response_id,
        metric_code as base_metric_code,
        coalesce(metric_part, metric_code) as metric_part,
        max(directed_score) as directed_score,
        max(score) as given_score,
        max(score_box) as score_box
    from {{ ref('fct_survey_answers') }}
    where metric_code is not null
        and directed_score is not null
    group by response_id, metric_code, coalesce(metric_part, metric_code)
),

answered as (
    select
        response_id,
        base_metric_code,
        count(*) as parts_count
    from parts
    group by response_id, base_metric_code
),

scores as (
    select
        parts.response_id,
        metrics.metric_code,
        metrics.index_kind,
        metrics.headline_programme,
        metrics.metric_code = metrics.base_metric_code as is_base,
        answered.parts_count = metrics.parts_count as is_whole,
        max(case when metrics.parts_count = 1 or metrics.metric_part is not null then parts.score_box end) as score_box,
        cast(
            1.0 * sum(case when metrics.is_as_given then parts.given_score else parts.directed_score end)
            / count(*) as {{ type_double() }}
        ) as score
    from parts
    inner join answered
        on parts.response_id = answered.response_id
        and parts.base_metric_code = answered.base_metric_code
    inner join {{ ref('dim_survey_metrics') }} as metrics
        on parts.base_metric_code = metrics.base_metric_code
        and coalesce(metrics.metric_part, parts.metric_part) = parts.metric_part
    -- The mean of three answers out of four would be another index, so an index needs all its parts.
    where metrics.metric_part is not null
        or answered.parts_count = metrics.parts_count
    group by
        parts.response_id,
        metrics.metric_code,
        metrics.base_metric_code,
        metrics.index_kind,
        metrics.headline_programme,
        answered.parts_count,
        metrics.parts_count
)

select
    scores.response_id,
    scores.metric_code,
    responses.customer_id,
    responses.survey_code,
    responses.programme,
    scores.score_box,
    case
        when scores.index_kind = 'net' then case scores.score_box
                when 'top' then 'promoter'
                when 'middle' then 'passive'
                when 'bottom' then 'detractor'
            end
    end as nps_group,
    scores.score,
    scores.is_base,
    scores.is_whole,
    coalesce(responses.programme = scores.headline_programme, false) as is_headline,
    responses.response_date,
    responses.submitted_at
from scores
inner join {{ ref('fct_survey_responses') }} as responses
    on scores.response_id = responses.response_id
    and responses.submitted_at is not null
