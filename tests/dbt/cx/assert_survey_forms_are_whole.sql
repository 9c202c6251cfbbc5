-- Prevents a broken survey form from going unnoticed (DQ-01, DQ-02): many scores outside their scale, or complete
-- responses that lack an answer to an index of several questions.
{{ config(severity='warn', meta={'remedy':
    'Correct the form in the survey tool, or its scale in survey_questions.csv of the policy.'}) }}
with loyalty as (
    select
        answers.response_id,
        count(answers.directed_score) as answered_count,
        max(metrics.parts_count) as parts_count
    from {{ ref('fct_survey_answers') }} as answers
    inner join {{ ref('dim_survey_metrics') }} as metrics
        on answers.metric_code = metrics.metric_code
        and metrics.parts_count > 1
    group by answers.response_id
),

counted as (
    select
        sum(responses.rejected_answers_count) as rejected_count,
        sum(responses.answers_count + responses.rejected_answers_count) as answers_count,
        count(case
            when responses.is_complete and loyalty.answered_count between 1 and loyalty.parts_count - 1 then 1
        end) as incomplete_count,
        count(case when responses.is_complete and loyalty.answered_count > 0 then 1 end) as loyalty_count
    from {{ ref('fct_survey_responses') }} as responses
    left join loyalty
        on responses.response_id = loyalty.response_id
)

select
    'answers rejected' as fault,
    counted.rejected_count as num,
    counted.answers_count as den
from counted
cross join {{ ref('policy') }} as policy
where 100.0 * counted.rejected_count > policy.rejected_answers_share_pct * counted.answers_count
union all
select
    'loyalty surveys incomplete' as fault,
    counted.incomplete_count as num,
    counted.loyalty_count as den
from counted
cross join {{ ref('policy') }} as policy
where 100.0 * counted.incomplete_count > policy.cli_incomplete_share_pct * counted.loyalty_count
