-- The current score of a customer, from the day after the answer until the next answer or until it is too old.
with answers as (
    select
        customer_id,
        score as nps_score,
        nps_group,
        response_date,
        row_number() over (
            partition by customer_id, response_date order by submitted_at desc, response_id desc
        ) as choice
    from {{ ref('fct_survey_scores') }}
    where metric_code = 'nps'
        and is_headline
        and customer_id is not null
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
