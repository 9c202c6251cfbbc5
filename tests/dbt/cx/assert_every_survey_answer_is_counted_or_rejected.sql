-- Prevents an answer from being lost or doubled between raw and index: each is accepted, or rejected with a reason.
with loaded as (
    select count(*) as answers_count
    from {{ ref('stg_surveys__survey_answers') }}
),

validated as (
    select
        count(*) as answers_count,
        count(case when reject_reason is not null and (directed_score is not null or score_box is not null) then 1 end)
            as rejected_but_counted_count
    from {{ ref('fct_survey_answers') }}
),

facts as (
    select
        responses.response_id,
        responses.rejected_answers_count,
        count(answers.reject_reason) as rejected_count
    from {{ ref('fct_survey_responses') }} as responses
    left join {{ ref('fct_survey_answers') }} as answers
        on responses.response_id = answers.response_id
    where responses.response_date is not null
    group by responses.response_id, responses.rejected_answers_count
)

select 'answers validated differ from answers loaded' as fault
from loaded
cross join validated
where loaded.answers_count <> validated.answers_count
    or validated.rejected_but_counted_count > 0
union all
select 'rejected answers of ' || response_id as fault
from facts
where rejected_answers_count <> rejected_count
