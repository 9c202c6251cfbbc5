-- The current score of a customer, from the day after the answer until the next answer or until it is too old.
with answers as (
    select
        responses.customer_id,
        responses.nps_score,
        responses.nps_group,
        responses.response_date,
        row_number() over (
            partition by responses.customer_id, responses.response_date
            order by responses.submitted_at desc, responses.response_id desc
        ) as choice
    from {{ ref('fct_survey_responses') }} as responses
    inner join {{ ref('dim_survey_metrics') }} as metrics
        on responses.programme = metrics.headline_programme
        and metrics.metric_code = 'nps'
    where responses.nps_score is not null
        and responses.customer_id is not null
)

select
    answers.customer_id,
    answers.nps_score,
    answers.nps_group,
    {{ add_days('response_date', 1) }} as valid_from,
    least(
        {{ add_days('response_date', 'policy.nps_memory_days + 1') }},
        {{ add_days('lead(response_date) over (partition by answers.customer_id order by response_date)', 1) }}
    ) as valid_to
from answers
cross join {{ ref('policy') }} as policy
where answers.choice = 1
