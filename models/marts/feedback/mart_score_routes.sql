with routed as (
    select
        scores.*,
        routes.route_code,
        routes.owner_team,
        routes.action_kind,
        routes.score_to,
        not routes.is_followup and routes.action_kind = 'contact' as is_praise,
        -- A key for the routes that need it: with a condition on the left side alone the engine compares all rows.
        case when routes.action_kind = 'contact' then scores.customer_id end as contacted_customer_id,
        {{ dbt.dateadd('day', 'routes.sla_days', 'scores.submitted_at') }} as due_at
    from {{ ref('int_feedback__scores') }} as scores
    inner join {{ ref('score_routes') }} as routes
        on scores.metric_code = routes.metric_code
        and scores.metric_score between routes.score_from and routes.score_to
    -- Anonymous scores start no route.
    where scores.customer_id is not null
),

contacts as (
    select
        trigger_response_id as response_id,
        min(attempted_at) as started_at,
        min(effective_at) as effective_at
    from {{ ref('fct_contacts') }}
    where trigger_response_id is not null
        and direction = 'outbound'
    group by trigger_response_id
),

dnd_customers as (
    select distinct periods.customer_id
    from {{ ref('survey_blocked_periods') }} as periods
    inner join {{ ref('run_context') }} as run_context
        on periods.block_reason = 'do_not_disturb'
        and coalesce(periods.blocked_to, {{ end_of_time('timestamp') }}) > run_context.as_of_end_at
),

followed as (
    select
        routed.*,
        status.status as customer_status,
        status.is_paying,
        customers.value_segment_code,
        dnd_customers.customer_id is not null as is_dnd,
        tickets.ticket_id,
        tickets.assigned_employee_id,
        tickets.assigned_seniority,
        tickets.csat_score,
        tickets.is_routed_right,
        tickets.is_escalated_later,
        case when routed.action_kind = 'next_ticket' then tickets.opened_at else contacts.started_at end as started_at,
        case when routed.action_kind = 'contact' then contacts.effective_at end as effective_contact_at,
        case
            when routed.action_kind = 'contact' then contacts.effective_at
            when tickets.is_routed_right then tickets.opened_at
        end as completed_at,
        coalesce(not tickets.is_routed_right, false) as is_misrouted,
        routed.action_kind = 'next_ticket'
        and routed.next_at is null
        and tickets.ticket_id is null
        and coalesce(customers.has_access, false) as is_waiting,
        run_context.as_of_date,
        run_context.as_of_end_at
    from routed
    cross join {{ ref('run_context') }} as run_context
    {{ attributes_as_of('routed', business_date('routed.submitted_at'), ['status']) }}
    left join {{ ref('dim_customers') }} as customers
        on routed.customer_id = customers.customer_id
    left join contacts
        on routed.response_id = contacts.response_id
    left join {{ ref('int_feedback__next_tickets') }} as tickets
        on routed.response_id = tickets.response_id
        and routed.route_code = tickets.route_code
    left join dnd_customers
        on routed.contacted_customer_id = dnd_customers.customer_id
)

select
    response_id,
    route_code,
    customer_id,
    customer_status,
    value_segment_code,
    metric_code,
    owner_team as owner_team_code,
    action_kind,
    case
        when completed_at is not null then 'completed'
        when is_misrouted then 'misrouted'
        when next_at is not null then 'superseded'
        when started_at is not null then 'started'
        when is_dnd then 'silenced'
        when due_at < as_of_end_at then 'overdue'
        else 'open'
    end as route_state,
    ticket_id,
    assigned_employee_id,
    assigned_seniority as assigned_seniority_tier,
    cast(metric_score as bigint) as metric_score,
    cast(next_score as bigint) as next_score,
    cast(next_score - metric_score as bigint) as next_delta_points,
    cast(csat_score as {{ type_double() }}) as csat_after_score,
    cast(case when is_waiting then {{ days_between(business_date('submitted_at'), 'as_of_date') }} end as bigint)
        as waiting_days,
    is_paying,
    case
        when due_at is null then null
        when started_at <= due_at then true
        when started_at is not null or due_at < as_of_end_at then false
    end as is_started_in_time,
    case when next_score is not null and not is_praise then next_score > score_to end as is_recovered,
    is_waiting,
    is_routed_right,
    is_escalated_later,
    {{ period_start('month', business_date('submitted_at')) }} as response_month,
    submitted_at as scored_at,
    due_at,
    started_at,
    effective_contact_at,
    completed_at
from followed
