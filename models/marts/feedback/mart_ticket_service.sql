with repeats as (
    select
        tickets.ticket_id,
        count(next_tickets.ticket_id) as repeats_count
    from {{ ref('fct_tickets') }} as tickets
    cross join {{ ref('policy') }} as policy
    cross join {{ ref('run_context') }} as run_context
    left join {{ ref('fct_tickets') }} as next_tickets
        on tickets.customer_id = next_tickets.customer_id
        and tickets.topic_code = next_tickets.topic_code
        and tickets.opened_at < next_tickets.opened_at
        and {{ dbt.dateadd('day', 'policy.ticket_repeat_days', 'tickets.resolved_at') }} > next_tickets.opened_at
    where {{ dbt.dateadd('day', 'policy.ticket_repeat_days', 'tickets.resolved_at') }}
        <= run_context.as_of_end_at
    group by tickets.ticket_id
),

-- A transfer to the senior specialist whom a low score asks for does not count as a bounce.
escalations as (
    select ticket_id
    from {{ ref('int_feedback__next_tickets') }}
    where is_escalated_later
    group by ticket_id
),

churns as (
    select
        tickets.ticket_id,
        min(tenures.churned_date) as churned_date
    from {{ ref('fct_tickets') }} as tickets
    inner join {{ ref('customer_tenures') }} as tenures
        on tickets.customer_id = tenures.customer_id
        and tickets.opened_date < tenures.churned_date
    group by tickets.ticket_id
),

tickets as (
    select
        tickets.*,
        1.0 * {{ elapsed_seconds('tickets.opened_at', 'tickets.answered_at') }} / 3600 as reaction_hours,
        {{ elapsed_seconds('tickets.closed_at', 'ratings.rating_invited_at') }} as rating_invite_seconds,
        tickets.transfer_count - case when escalations.ticket_id is not null then 1 else 0 end as bounces_count,
        {{ days_between('tickets.opened_date', 'run_context.as_of_date') }} as age_days,
        -- Nobody will answer any more, or nobody has for too long.
        tickets.closed_at is not null
        or {{ days_between('tickets.opened_date', 'run_context.as_of_date') }} >= policy.unanswered_request_days
            as is_over,
        {{ days_between('tickets.opened_date', 'churns.churned_date') }} as days_to_churn,
        {{ add_time('day', 'tickets.opened_at', 'policy.request_resolution_days') }} as resolution_due_at,
        run_context.as_of_end_at,
        ratings.rating_channel_code,
        ratings.rating_metric_code,
        ratings.rating_score,
        ratings.is_rating_top,
        ratings.rating_invited_at
    from {{ ref('fct_tickets') }} as tickets
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    left join escalations
        on tickets.ticket_id = escalations.ticket_id
    left join {{ ref('int_feedback__ticket_ratings') }} as ratings
        on tickets.ticket_id = ratings.ticket_id
    left join churns
        on tickets.ticket_id = churns.ticket_id
)

select
    tickets.ticket_id,
    tickets.customer_id,
    coalesce(status.status, 'registered') as customer_status,
    coalesce(usage_segment.segment_code, 'unassigned') as segment_code,
    tickets.channel as channel_code,
    tickets.topic_code,
    tickets.stage_code,
    employees.team as team_code,
    tickets.first_assigned_employee_id,
    tickets.closing_employee_id,
    tickets.closed_reason as closed_reason_code,
    -- A call back does not undo that the customer gave up.
    case
        when tickets.is_abandoned then 'abandoned'
        when tickets.answered_at is not null then 'answered'
        when tickets.is_over then 'unanswered'
        else 'waiting'
    end as request_state,
    case
        when tickets.reaction_hours <= policy.reaction_quick_hours then 'quick'
        when tickets.reaction_hours <= policy.reaction_short_hours then 'short'
        when tickets.reaction_hours <= policy.reaction_long_hours then 'long'
        when tickets.reaction_hours is not null then 'later'
        when tickets.is_over then 'none'
        else 'pending'
    end as reaction_band,
    tickets.rating_channel_code,
    tickets.rating_metric_code,
    cast(tickets.wait_seconds as bigint) as wait_seconds,
    cast(tickets.talk_seconds as bigint) as talk_seconds,
    cast(tickets.reaction_hours as {{ type_double() }}) as reaction_hours,
    cast(tickets.transfer_count as bigint) as transfers_count,
    cast(tickets.reopened_count as bigint) as reopenings_count,
    cast(repeats.repeats_count as bigint) as repeats_count,
    cast(moods.sentiment_before as {{ type_double() }}) as sentiment_before_score,
    cast(moods.sentiment_after as {{ type_double() }}) as sentiment_after_score,
    cast(tickets.rating_invite_seconds as bigint) as rating_invite_seconds,
    cast(tickets.rating_score as {{ type_double() }}) as rating_score,
    coalesce(status.is_paying, false) as is_paying,
    tickets.is_complaint,
    tickets.is_abandoned,
    case
        when tickets.wait_seconds is not null
            then tickets.wait_seconds < policy.wait_target_seconds and not coalesce(tickets.is_abandoned, false)
    end as is_wait_in_target,
    tickets.bounces_count >= policy.bounced_transfers as is_bounced,
    tickets.answered_at is null and tickets.is_over as is_unanswered,
    tickets.reopened_count > 0 as is_reopened,
    case
        when tickets.resolved_at < tickets.resolution_due_at then true
        when tickets.resolution_due_at <= tickets.as_of_end_at then false
    end as is_resolved_in_time,
    case
        when repeats.ticket_id is not null
            then coalesce(tickets.reopened_count, 0) = 0 and repeats.repeats_count = 0
    end
        as is_resolved_at_once,
    moods.sentiment_before >= 0 and moods.sentiment_after < 0 as is_become_negative,
    case
        when tickets.age_days >= policy.problem_churn_days + policy.churn_grace_days
            then coalesce(tickets.days_to_churn <= policy.problem_churn_days, false)
    end as is_churned_after,
    tickets.is_rating_top,
    -- Nobody rates a talk that did not take place.
    case
        when tickets.answered_at is null or tickets.closed_at is null then null
        when tickets.rating_invited_at is not null
            then tickets.rating_invite_seconds <= 60 * policy.rating_after_close_minutes
        when {{ add_time('minute', 'tickets.closed_at', 'policy.rating_after_close_minutes') }} <= tickets.as_of_end_at
            then false
    end as is_rating_asked_in_time,
    tickets.opened_date,
    tickets.opened_at,
    tickets.answered_at,
    tickets.resolved_at,
    tickets.closed_at,
    tickets.rating_invited_at
from tickets
cross join {{ ref('policy') }} as policy
left join repeats
    on tickets.ticket_id = repeats.ticket_id
left join {{ ref('int_feedback__ticket_moods') }} as moods
    on tickets.ticket_id = moods.ticket_id
left join {{ ref('dim_employees') }} as employees
    on tickets.first_assigned_employee_id = employees.employee_id
    and {{ holds_at('employees', 'tickets.opened_date') }}
{{ attributes_as_of('tickets', 'tickets.opened_date', ['status', 'usage_segment']) }}
