-- After a low score the next ticket belongs to an experienced specialist: the first one opened later than the score,
-- unless a newer score has called the route off.
with routes as (
    select
        route_code,
        metric_code,
        score_from,
        score_to,
        seniorities
    from {{ ref('score_routes') }}
    where action_kind = 'next_ticket'
),

last_scores as (
    select
        tickets.ticket_id,
        tickets.first_assigned_employee_id,
        tickets.closing_employee_id,
        tickets.opened_date,
        tickets.opened_at,
        tickets.closed_at,
        scores.response_id,
        scores.metric_code,
        scores.metric_score,
        row_number() over (
            partition by tickets.ticket_id, scores.metric_code
            order by scores.submitted_at desc, scores.response_id desc
        ) as recency
    from {{ ref('fct_tickets') }} as tickets
    inner join {{ ref('int_feedback__scores') }} as scores
        on tickets.customer_id = scores.customer_id
        -- A ticket that was open already is not the next one.
        and scores.submitted_at < tickets.opened_at
    where scores.metric_code in (select routes.metric_code from routes)
),

firsts as (
    select
        last_scores.*,
        routes.route_code,
        routes.seniorities,
        row_number() over (
            partition by last_scores.response_id, routes.route_code
            order by last_scores.opened_at, last_scores.ticket_id
        ) as nth
    from last_scores
    inner join routes
        on last_scores.metric_code = routes.metric_code
        and last_scores.metric_score between routes.score_from and routes.score_to
    where last_scores.recency = 1
),

ratings as (
    select
        responses.ticket_id,
        avg(scores.score) as csat_score
    from {{ ref('fct_survey_scores') }} as scores
    inner join {{ ref('fct_survey_responses') }} as responses
        on scores.response_id = responses.response_id
    where scores.metric_code = 'csat'
    group by responses.ticket_id
)

select
    firsts.response_id,
    firsts.route_code,
    firsts.ticket_id,
    firsts.first_assigned_employee_id as assigned_employee_id,
    assigned.seniority as assigned_seniority,
    ratings.csat_score,
    case
        when firsts.first_assigned_employee_id is not null
            then {{ is_named('assigned.seniority', 'firsts.seniorities') }}
        when firsts.closed_at is not null then false
    end as is_routed_right,
    not {{ is_named('assigned.seniority', 'firsts.seniorities') }}
    and {{ is_named('closing.seniority', 'firsts.seniorities') }} as is_escalated_later,
    firsts.opened_date,
    firsts.opened_at
from firsts
left join {{ ref('dim_employees') }} as assigned
    on firsts.first_assigned_employee_id = assigned.employee_id
    and {{ holds_at('assigned', 'firsts.opened_date') }}
left join {{ ref('dim_employees') }} as closing
    on firsts.closing_employee_id = closing.employee_id
    and {{ holds_at('closing', business_date('firsts.closed_at')) }}
left join ratings
    on firsts.ticket_id = ratings.ticket_id
where firsts.nth = 1
