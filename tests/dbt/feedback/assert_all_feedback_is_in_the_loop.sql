-- Prevents feedback without a case from dropping out of the denominators (FBK-07).
with facts as (
    select
        (
            select count(*)
            from {{ ref('fct_survey_responses') }} as responses
            where responses.submitted_at is not null
        ) + (
            select count(*)
            from {{ ref('fct_tickets') }} as tickets
            where tickets.is_complaint
        ) as received_count,
        (select count(*) from {{ ref('fct_feedback_cases') }}) as cases_count
),

marts as (
    select
        count(case when source_kind in ('response', 'ticket') and not is_reopening then 1 end) as received_count,
        count(case_id) as cases_count
    from {{ ref('mart_feedback_cases') }}
)

select
    facts.received_count,
    facts.cases_count,
    marts.received_count as mart_received_count,
    marts.cases_count as mart_cases_count
from facts
cross join marts
where facts.received_count <> marts.received_count
    or facts.cases_count <> marts.cases_count
