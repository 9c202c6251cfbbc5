-- What a customer has told us and still waits for: open complaints, open cases, surveys that are due.
with tickets as (
    select
        tickets.customer_id,
        count(*) as open_tickets_count,
        count(case when tickets.is_complaint then 1 end) as open_complaints_count
    from {{ ref('fct_tickets') }} as tickets
    inner join {{ ref('run_context') }} as run_context
        on tickets.opened_at < run_context.as_of_end_at
        and (
            coalesce(tickets.resolved_at, tickets.closed_at) is null
            or coalesce(tickets.resolved_at, tickets.closed_at) >= run_context.as_of_end_at
        )
    where tickets.customer_id is not null
    group by tickets.customer_id
),

cases as (
    select
        customer_id,
        count(*) as open_cases_count,
        min(due_at) as first_case_due_at
    from {{ ref('mart_feedback_cases') }}
    where is_followup_required
        and not is_closed
        and customer_id is not null
    group by customer_id
),

surveys as (
    select
        customer_id,
        count(*) as due_surveys_count
    from {{ ref('mart_survey_schedule') }}
    where is_to_send
    group by customer_id
)

select
    customers.customer_id,
    coalesce(tickets.open_tickets_count, 0) as open_tickets_count,
    coalesce(tickets.open_complaints_count, 0) as open_complaints_count,
    coalesce(cases.open_cases_count, 0) as open_cases_count,
    coalesce(surveys.due_surveys_count, 0) as due_surveys_count,
    cases.first_case_due_at
from {{ ref('dim_customers') }} as customers
left join tickets
    on customers.customer_id = tickets.customer_id
left join cases
    on customers.customer_id = cases.customer_id
left join surveys
    on customers.customer_id = surveys.customer_id
