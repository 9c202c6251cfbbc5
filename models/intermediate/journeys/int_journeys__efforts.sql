{{ config(materialized=inlined('view')) }}
-- Scores of effort with the place in the journey and the customer's attributes of the day.
select
    scores.response_id,
    scores.customer_id,
    responses.stage_code,
    responses.touchpoint_code,
    coalesce(responses.channel, 'unknown') as channel_code,
    {{ named_attributes() }},
    scores.score,
    scores.response_date,
    {{ period_start('month', 'scores.response_date') }} as touch_month
from {{ ref('fct_survey_scores') }} as scores
inner join {{ ref('fct_survey_responses') }} as responses
    on scores.response_id = responses.response_id
left join {{ ref('dim_customers') }} as customers
    on scores.customer_id = customers.customer_id
{{ attributes_as_of('scores', 'scores.response_date', ['usage_segment', 'status']) }}
where scores.metric_code = 'ces'
