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
    response_id,
    customer_id,
    cli,
    -- In this order: who is about to switch is that first, whatever else they say.
    case
        when cli_switch_answer >= {{ threshold('cli_switcher_from') }} then 'at_risk_switcher'
        when cli_recommend_score >= {{ threshold('cli_advocate_from') }}
            and cli_switch_answer <= {{ threshold('cli_advocate_switch_to') }} then 'advocate'
        when cli_buy_more_score >= {{ threshold('cli_growing_from') }} then 'growing'
        else 'neutral'
    end as cli_category,
    case weakest_score
        when cli_switch_score then 'switch'
        when cli_continue_score then 'continue'
        when cli_recommend_score then 'recommend'
        else 'buy_more'
    end as weakest_question,
    response_date,
    submitted_at
from weighed
