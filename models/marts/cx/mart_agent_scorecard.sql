-- First answers belong to the employee first in charge, closings and ratings to the one who closed the ticket.
with first_answers as (
    select
        first_assigned_employee_id as employee_id,
        {{ period_start('month', 'opened_date') }} as score_month,
        count(*) as assigned_count,
        count(first_response_at) as answered_count,
        sum({{ elapsed_seconds('opened_at', 'first_response_at') }}) as first_response_seconds
    from {{ ref('fct_tickets') }}
    where first_assigned_employee_id is not null
    group by first_assigned_employee_id, {{ period_start('month', 'opened_date') }}
),

closings as (
    select
        closing_employee_id as employee_id,
        {{ period_start('month', business_date('closed_at')) }} as score_month,
        count(*) as closed_count,
        count(case when is_complaint then 1 end) as complaints_count,
        count(resolved_at) as resolved_count,
        count(case when reopened_count > 0 then 1 end) as reopened_count,
        count(distinct topic_code) as topics_count
    from {{ ref('fct_tickets') }}
    where closing_employee_id is not null
    group by closing_employee_id, {{ period_start('month', business_date('closed_at')) }}
),

-- One rating per ticket, the latest; a rating without a ticket counts alone.
ratings as (
    select
        responses.subject_employee_id as employee_id,
        {{ period_start('month', 'responses.response_date') }} as score_month,
        scores.score as csat_score,
        scores.score_box as csat_box,
        coalesce(tickets.is_complaint, false) as is_complaint,
        row_number() over (
            partition by coalesce(responses.ticket_id, responses.response_id)
            order by responses.submitted_at desc, responses.response_id desc
        ) as choice
    from {{ ref('fct_survey_scores') }} as scores
    inner join {{ ref('fct_survey_responses') }} as responses
        on scores.response_id = responses.response_id
    left join {{ ref('fct_tickets') }} as tickets
        on responses.ticket_id = tickets.ticket_id
    where scores.metric_code = 'csat'
        and responses.subject_employee_id is not null
),

-- Seniors get the hard cases, so each employee is compared with what all employees reach with as many complaints.
yardstick as (
    select
        score_month,
        is_complaint,
        1.0 * count(case when csat_box = 'top' then 1 end) / count(*) as expected_share
    from ratings
    where choice = 1
    group by score_month, is_complaint
),

rated as (
    select
        ratings.employee_id,
        ratings.score_month,
        count(*) as csat_den,
        count(case when ratings.csat_box = 'top' then 1 end) as csat_num,
        sum(ratings.csat_score) as csat_points,
        sum(yardstick.expected_share) as csat_expected
    from ratings
    inner join yardstick
        on ratings.score_month = yardstick.score_month
        and ratings.is_complaint = yardstick.is_complaint
    where ratings.choice = 1
    group by ratings.employee_id, ratings.score_month
),

spine as (
    select
        employee_id,
        score_month
    from first_answers
    union
    select
        employee_id,
        score_month
    from closings
    union
    select
        employee_id,
        score_month
    from rated
),

positioned as (
    select
        spine.employee_id,
        spine.score_month,
        employees.team,
        employees.unit,
        row_number() over (
            partition by spine.employee_id, spine.score_month order by employees.valid_from desc nulls last
        ) as choice
    from spine
    -- The position held at the end of the month.
    left join {{ ref('dim_employees') }} as employees
        on spine.employee_id = employees.employee_id
        and cast({{ dbt.dateadd('month', 1, 'spine.score_month') }} as date) > employees.valid_from
)

select
    positioned.employee_id,
    positioned.team as team_code,
    positioned.unit as unit_code,
    cast(coalesce(first_answers.assigned_count, 0) as bigint) as assigned_tickets_count,
    cast(coalesce(first_answers.answered_count, 0) as bigint) as answered_tickets_count,
    cast(1.0 * first_answers.first_response_seconds / nullif(first_answers.answered_count, 0) as double)
        as first_response_seconds,
    cast(coalesce(closings.closed_count, 0) as bigint) as closed_tickets_count,
    cast(coalesce(closings.complaints_count, 0) as bigint) as closed_complaints_count,
    cast(coalesce(closings.topics_count, 0) as bigint) as topics_count,
    cast(coalesce(closings.resolved_count, 0) as bigint) as resolved_num,
    cast(coalesce(closings.closed_count, 0) as bigint) as resolved_den,
    {{ pct('closings.resolved_count', 'closings.closed_count') }} as resolved_pct,
    cast(coalesce(closings.reopened_count, 0) as bigint) as reopened_num,
    cast(coalesce(closings.closed_count, 0) as bigint) as reopened_den,
    {{ pct('closings.reopened_count', 'closings.closed_count') }} as reopened_pct,
    cast(coalesce(rated.csat_num, 0) as bigint) as csat_num,
    cast(coalesce(rated.csat_den, 0) as bigint) as csat_den,
    {{ pct('rated.csat_num', 'rated.csat_den') }} as csat_pct,
    {{ wilson_pct('rated.csat_num', 'rated.csat_den', 'lo') }} as csat_ci_lo,
    {{ wilson_pct('rated.csat_num', 'rated.csat_den', 'hi') }} as csat_ci_hi,
    cast(1.0 * rated.csat_points / nullif(rated.csat_den, 0) as double) as csat_avg,
    cast(round({{ pct('rated.csat_expected', 'rated.csat_den') }}, 9) as double) as csat_expected_pct,
    {{ is_reliable('coalesce(rated.csat_den, 0)') }} as is_reliable,
    cast({{ dbt.dateadd('month', 1, 'positioned.score_month') }} as date)
    <= {{ business_date('run_context.as_of_end_at') }} as is_complete,
    positioned.score_month
from positioned
cross join {{ ref('run_context') }} as run_context
left join first_answers
    on positioned.employee_id = first_answers.employee_id
    and positioned.score_month = first_answers.score_month
left join closings
    on positioned.employee_id = closings.employee_id
    and positioned.score_month = closings.score_month
left join rated
    on positioned.employee_id = rated.employee_id
    and positioned.score_month = rated.score_month
where positioned.choice = 1
