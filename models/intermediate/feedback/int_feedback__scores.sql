-- One row per answered metric, with the next answer of the same customer to the same question.
{% set metrics = ['nps', 'csi', 'csat', 'ces'] %}
with scores as (
    {% for metric in metrics %}
    select
        response_id,
        customer_id,
        survey_code,
        stage_code,
        touchpoint_code,
        nps_group,
        '{{ metric }}' as metric_code,
        cast({{ metric }}_score as integer) as metric_score,
        {{ loop.index }} as metric_order,
        has_comment,
        submitted_at
    from {{ ref('fct_survey_responses') }}
    where submitted_at is not null
        and {{ metric }}_score is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

chained as (
    select
        *,
        lead(metric_score) over (
            partition by coalesce(customer_id, response_id), metric_code order by submitted_at, response_id
        ) as next_score,
        lead(submitted_at) over (
            partition by coalesce(customer_id, response_id), metric_code order by submitted_at, response_id
        ) as next_at
    from scores
)

select
    response_id,
    customer_id,
    survey_code,
    stage_code,
    touchpoint_code,
    nps_group,
    metric_code,
    metric_score,
    metric_order,
    next_score,
    has_comment,
    submitted_at,
    next_at
from chained
