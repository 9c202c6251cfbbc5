-- Every counted score of a known customer, with the day of the next answer to the same metric of the programme: an
-- answer is the latest of a period exactly when the next one lies outside of it.
select
    response_id,
    customer_id,
    programme,
    metric_code,
    score_box,
    nps_group,
    score,
    is_headline,
    response_date,
    submitted_at,
    lead(response_date) over (
        partition by customer_id, programme, metric_code order by submitted_at, response_id
    ) as next_answer_date,
    lag(score) over (
        partition by customer_id, programme, metric_code order by submitted_at, response_id
    ) as previous_score
from {{ ref('fct_survey_scores') }}
where customer_id is not null
    and programme is not null
    -- Parts are those of whole indices, so that they average to the index.
    and is_whole
