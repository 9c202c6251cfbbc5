with latest as (
    select
        scores.customer_id,
        scores.response_id,
        scores.metric_score,
        scores.submitted_at
    from {{ ref('int_feedback__scores') }} as scores
    inner join {{ ref('score_routes') }} as routes
        on scores.metric_code = routes.metric_code
        and scores.metric_score between routes.score_from and routes.score_to
        and routes.action_kind = 'next_ticket'
    where scores.metric_code = 'nps'
        and scores.customer_id is not null
        and scores.next_at is null
)

select
    latest.customer_id,
    latest.response_id,
    customers.customer_status,
    customers.value_segment_code,
    cast(latest.metric_score as bigint) as nps_score,
    cast({{ days_between(business_date('latest.submitted_at'), 'run_context.as_of_date') }} as bigint) as waiting_days,
    customers.is_paying,
    latest.submitted_at as nps_at
from latest
cross join {{ ref('run_context') }} as run_context
inner join {{ ref('dim_customers') }} as customers
    on latest.customer_id = customers.customer_id
    and customers.has_access
left join {{ ref('fct_tickets') }} as tickets
    on latest.customer_id = tickets.customer_id
    and tickets.opened_at > latest.submitted_at
where tickets.ticket_id is null
