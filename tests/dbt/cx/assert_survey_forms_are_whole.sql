-- Prevents an unnoticed broken survey form (DQ-01, DQ-02): many scores outside their scale, or complete loyalty surveys
-- that lack one of the four answers.
{{ config(severity='warn') }}
with counted as (
    select
        sum(rejected_answers_count) as rejected_count,
        sum(answers_count + rejected_answers_count) as answers_count,
        count(case when is_complete and cli_answers_count between 1 and 3 then 1 end) as incomplete_count,
        count(case when is_complete and cli_answers_count > 0 then 1 end) as loyalty_count
    from {{ ref('fct_survey_responses') }}
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
