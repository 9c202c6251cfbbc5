-- Loyalty category and weakest question of every complete CLI answer (CXI-08).
with indices as (
    select
        response_id,
        customer_id,
        score as cli,
        response_date,
        submitted_at
    from {{ ref('fct_survey_scores') }}
    where metric_code = 'cli'
        and customer_id is not null
),

weighed as (
    select
        indices.response_id,
        indices.customer_id,
        indices.cli,
        indices.response_date,
        indices.submitted_at,
        max(case when answers.metric_part = 'recommend' then answers.directed_score end) as recommend_score,
        max(case when answers.metric_part = 'continue' then answers.directed_score end) as continue_score,
        max(case when answers.metric_part = 'switch' then answers.directed_score end) as switch_score,
        max(case when answers.metric_part = 'buy_more' then answers.directed_score end) as buy_more_score,
        max(case when answers.metric_part = 'switch' then answers.score end) as switch_answer,
        min(answers.directed_score) as weakest_score
    from indices
    inner join {{ ref('fct_survey_answers') }} as answers
        on indices.response_id = answers.response_id
        and answers.metric_code = 'cli'
        and answers.directed_score is not null
    group by
        indices.response_id,
        indices.customer_id,
        indices.cli,
        indices.response_date,
        indices.submitted_at
)

select
    weighed.response_id,
    weighed.customer_id,
    weighed.cli,
    -- The order matters: a customer who is about to switch is a switcher, whatever else they say.
    case
        when weighed.switch_answer >= policy.cli_switcher_from then 'at_risk_switcher'
        when weighed.recommend_score >= policy.cli_advocate_from
            and weighed.switch_answer <= policy.cli_advocate_switch_to then 'advocate'
        when weighed.buy_more_score >= policy.cli_growing_from then 'growing'
        else 'neutral'
    end as cli_category,
    case weighed.weakest_score
        when weighed.switch_score then 'switch'
        when weighed.continue_score then 'continue'
        when weighed.recommend_score then 'recommend'
        else 'buy_more'
    end as weakest_question,
    weighed.response_date,
    weighed.submitted_at
from weighed
cross join {{ ref('policy') }} as policy
