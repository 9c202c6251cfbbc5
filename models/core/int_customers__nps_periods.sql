-- The score that speaks for a customer from the day after it was given, until the next one or until it is too old.
with answers as (
    select
        responses.customer_id,
        answers.score,
        {{ business_date('responses.submitted_at') }} as answered_date,
        row_number() over (
            partition by responses.customer_id, {{ business_date('responses.submitted_at') }}
            order by responses.submitted_at desc, responses.response_id desc
        ) as choice
    from {{ ref('stg_surveys__survey_answers') }} as answers
    inner join {{ ref('stg_surveys__survey_responses') }} as responses
        on answers.response_id = responses.response_id
    inner join {{ ref('run_context') }} as run_context
        on responses.submitted_at < run_context.as_of_end_at
    where answers.question_code = 'nps'
        and answers.score between 0 and 10
        and responses.customer_id is not null
)

select
    customer_id,
    score as nps_score,
    {{ add_days('answered_date', 1) }} as valid_from,
    least(
        {{ add_days('answered_date', 'cast(' ~ threshold('nps_memory_days') ~ ' as integer) + 1') }},
        {{ add_days('lead(answered_date) over (partition by customer_id order by answered_date)', 1) }}
    ) as valid_to
from answers
where choice = 1
