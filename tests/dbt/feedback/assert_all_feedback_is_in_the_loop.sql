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
        count(case_id) as cases_count,
        count(*) as openings_count,
        count(case when is_closed then 1 end) as closed_count
    from {{ ref('mart_feedback_cases') }}
),

kpi as (
    select
        coalesce(sum(received_count + reopened_count), 0) as openings_count,
        coalesce(sum(closed_num), 0) as closed_count,
        coalesce(sum(open_count), 0) as open_count
    from {{ ref('mart_closed_loop_kpi') }}
    where unit_code = 'all'
)

select
    facts.received_count,
    marts.received_count as mart_received_count,
    marts.openings_count,
    kpi.openings_count as kpi_openings_count
from facts
cross join marts
cross join kpi
where facts.received_count <> marts.received_count
    or facts.cases_count <> marts.cases_count
    or marts.openings_count <> kpi.openings_count
    or marts.closed_count <> kpi.closed_count
    or marts.openings_count <> kpi.closed_count + kpi.open_count
