-- Tickets of Zendesk as dlt lands them, with what their metrics know of answers and reopenings.
-- Left out: deleted tickets.
select
    t.id as ticket_id,
    coalesce(u.external_id, t.requester_id) as customer_id,
    t.via__channel as channel,
    t.type = 'question' as is_question,
    list_contains(cast(json(t.tags) as varchar[]), 'complaint') as is_complaint,
    t.created_at as opened_at,
    cast(t.created_at as timestamptz)
    + try_cast(m.reply_time_in_minutes__calendar as integer) * interval '1 minute' as first_response_at,
    m.solved_at as resolved_at,
    case when t.status = 'closed' then t.updated_at end as closed_at,
    t.status,
    t.assignee_id as first_assigned_employee_id,
    case when t.status in ('solved', 'closed') then t.assignee_id end as closing_employee_id,
    60 * try_cast(m.reply_time_in_minutes__calendar as integer) as wait_seconds,
    case when try_cast(m.assignee_stations as integer) is not null
            then greatest(try_cast(m.assignee_stations as integer) - 1, 0)
    end as transfer_count,
    m.reopens as reopened_count,
    t.updated_at as ingested_at,
    'zendesk' as source_system,
    t._file,
    t._line
from {{ export('dlt_zendesk/tickets/*', text=true, latest='id', columns=[
    'assignee_id', 'tags', 'type', 'via__channel'
]) }} as t
left join {{ export('dlt_zendesk/users/*', text=true, latest='id', columns=['external_id', 'name', 'role']) }} as u
    on u.id = t.requester_id
left join {{ export('dlt_zendesk/ticket_metrics/*', text=true, latest='ticket_id', optional=true, columns=[
    'ticket_id', 'assignee_stations', 'reopens', 'reply_time_in_minutes__calendar', 'solved_at'
]) }} as m on m.ticket_id = t.id
where t.status <> 'deleted'
