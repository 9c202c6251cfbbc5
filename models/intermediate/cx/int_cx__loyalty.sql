-- What a whole CLI answer says of the customer: category and weakest question (CXI-08).
with weighed as (
    select
        response_id,
        customer_id,
        cli,
        cli_recommend_score,
        cli_continue_score,
        cli_buy_more_score,
        cli_switch_score,
        cli_switch_answer,
        response_date,
        submitted_at,
        least(cli_recommend_score, cli_continue_score, cli_buy_more_score, cli_switch_score) as weakest_score
    from {{ ref('fct_survey_responses') }}
    where cli is not null
        and customer_id is not null
)

select
    weighed.response_id,
    weighed.customer_id,
    weighed.cli,
    -- In this order: who is about to switch is that first, whatever else they say.
    case
        when weighed.cli_switch_answer >= policy.cli_switcher_from then 'at_risk_switcher'
        when weighed.cli_recommend_score >= policy.cli_advocate_from
            and weighed.cli_switch_answer <= policy.cli_advocate_switch_to then 'advocate'
        when weighed.cli_buy_more_score >= policy.cli_growing_from then 'growing'
        else 'neutral'
    end as cli_category,
    case weighed.weakest_score
        when weighed.cli_switch_score then 'switch'
        when weighed.cli_continue_score then 'continue'
        when weighed.cli_recommend_score then 'recommend'
        else 'buy_more'
    end as weakest_question,
    weighed.response_date,
    weighed.submitted_at
from weighed
cross join {{ ref('policy') }} as policy
