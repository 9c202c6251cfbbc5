-- Tickets of Zendesk, with what their metrics and audits know of answers, assignments and reopenings.
-- Left out: deleted tickets.
with users as (
    from {{ export('zendesk/users*', text=true, rows='users', latest='id', columns=['external_id', 'name', 'role']) }}
),

audits as (
    select
        ticket_id,
        author_id,
        created_at,
        unnest(elements(events)) as change
    from {{ export('zendesk/ticket_audits*', text=true, rows='audits', latest='id', optional=true,
                   columns=['id', 'ticket_id', 'author_id', 'created_at', 'events']) }}
),

answers as (
    -- The first public comment of somebody who works here.
    select
        a.ticket_id,
        min(a.created_at) as first_response_at
    from audits as a
    inner join users as u
        on u.id = coalesce(a.change ->> 'author_id', a.author_id) and u.role in ('agent', 'admin')
    where (a.change ->> 'type') = 'Comment' and (a.change ->> 'public') = 'true'
    group by a.ticket_id
),

assignments as (
    select
        ticket_id,
        min_by(change ->> 'value', created_at) as first_assignee_id
    from audits
    where (change ->> 'field_name') = 'assignee_id' and (change ->> 'value') <> ''
    group by ticket_id
)

select
    t.id as ticket_id,
    coalesce(u.external_id, t.requester_id) as customer_id,
    t.via ->> 'channel' as channel,
    t.type = 'question' as is_question,
    list_contains(cast(json(t.tags) as varchar[]), 'complaint') as is_complaint,
    t.created_at as opened_at,
    coalesce(
        a.first_response_at,
        cast(
            cast(t.created_at as timestamptz)
            + try_cast(m.reply_time_in_minutes ->> 'calendar' as integer) * interval '1 minute' as varchar
        )
    ) as first_response_at,
    m.solved_at as resolved_at,
    case when t.status = 'closed' then t.updated_at end as closed_at,
    t.status,
    coalesce(f.first_assignee_id, t.assignee_id) as first_assigned_employee_id,
    case when t.status in ('solved', 'closed') then t.assignee_id end as closing_employee_id,
    60 * try_cast(m.reply_time_in_minutes ->> 'calendar' as integer) as wait_seconds,
    -- Not by greatest(), which takes 0 where nobody counted.
    case when try_cast(m.assignee_stations as integer) > 0 then try_cast(m.assignee_stations as integer) - 1
        when m.assignee_stations is not null then 0
    end as transfer_count,
    m.reopens as reopened_count,
    t.updated_at as ingested_at,
    'zendesk' as source_system,
    t._file,
    t._line
from {{ export('zendesk/tickets*', text=true, rows='tickets', latest='id',
               columns=['assignee_id', 'tags', 'type', 'via']) }} as t
left join users as u on u.id = t.requester_id
left join {{ export('zendesk/ticket_metrics*', text=true, rows='ticket_metrics', latest='ticket_id', optional=true,
                    columns=['ticket_id', 'assignee_stations', 'reopens', 'reply_time_in_minutes', 'solved_at']) }} as m
    on m.ticket_id = t.id
left join answers as a on a.ticket_id = t.id
left join assignments as f on f.ticket_id = t.id
-- Deleted tickets stay in incremental exports.
where t.status <> 'deleted'
