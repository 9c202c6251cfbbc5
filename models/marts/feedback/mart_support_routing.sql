with low_route as (
    select
        min(score_from) as score_from,
        max(score_to) as score_to,
        max(seniorities) as seniorities
    from {{ ref('score_routes') }}
    where metric_code = 'nps'
        and action_kind = 'next_ticket'
),

-- The latest score before the ticket decides: a newer high one calls the route off.
last_scores as (
    select
        tickets.ticket_id,
        tickets.customer_id,
        tickets.first_assigned_employee_id,
        tickets.closing_employee_id,
        tickets.opened_date,
        tickets.opened_at,
        tickets.closed_at,
        scores.response_id,
        scores.metric_score,
        scores.submitted_at,
        row_number() over (
            partition by tickets.ticket_id order by scores.submitted_at desc, scores.response_id desc
        ) as recency
    from {{ ref('fct_tickets') }} as tickets
    inner join {{ ref('int_feedback__scores') }} as scores
        on tickets.customer_id = scores.customer_id
        and scores.metric_code = 'nps'
        -- A ticket that was open already is not the next one.
        and scores.submitted_at < tickets.opened_at
),

firsts as (
    select
        last_scores.*,
        low_route.seniorities,
        row_number() over (
            partition by last_scores.response_id order by last_scores.opened_at, last_scores.ticket_id
        ) as nth
    from last_scores
    inner join low_route
        on last_scores.metric_score between low_route.score_from and low_route.score_to
    where last_scores.recency = 1
),

csat as (
    select
        ticket_id,
        avg(csat_score) as csat_score
    from {{ ref('fct_survey_responses') }}
    where csat_score is not null
    group by ticket_id
)

select
    firsts.ticket_id,
    firsts.customer_id,
    status.status as customer_status,
    firsts.response_id,
    firsts.first_assigned_employee_id as assigned_employee_id,
    assigned.seniority as assigned_seniority_tier,
    cast(firsts.metric_score as bigint) as nps_score,
    cast(csat.csat_score as double) as csat_after_score,
    status.is_paying,
    case
        when firsts.first_assigned_employee_id is not null
            then {{ is_named('assigned.seniority', 'firsts.seniorities') }}
        when firsts.closed_at is not null then false
    end as is_routed_right,
    not {{ is_named('assigned.seniority', 'firsts.seniorities') }}
    and {{ is_named('closing.seniority', 'firsts.seniorities') }} as is_escalated_later,
    {{ period_start('month', 'firsts.opened_date') }} as opened_month,
    firsts.submitted_at as nps_at,
    firsts.opened_at
from firsts
left join {{ ref('dim_employees') }} as assigned
    on firsts.first_assigned_employee_id = assigned.employee_id
    and {{ holds_at('assigned', 'firsts.opened_date') }}
left join {{ ref('dim_employees') }} as closing
    on firsts.closing_employee_id = closing.employee_id
    and {{ holds_at('closing', business_date('firsts.closed_at')) }}
left join csat
    on firsts.ticket_id = csat.ticket_id
{{ attributes_as_of('firsts', 'firsts.opened_date', ['status']) }}
where firsts.nth = 1
