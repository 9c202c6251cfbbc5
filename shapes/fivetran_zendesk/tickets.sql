-- Tickets of Zendesk as Fivetran lands them, with what comments, tags and changes of fields know.
-- Left out: deleted tickets.
with users as (
    from {{ export('fivetran_zendesk/user/*', text=true, latest='id', columns=['external_id', 'name']) }}
),

changes as (
    select
        ticket_id,
        field_name,
        value,
        updated,
        lag(value) over (partition by ticket_id, field_name order by updated) as former_value
    from {{ export('fivetran_zendesk/ticket_field_history/*', text=true,
                   latest=['ticket_id', 'field_name', 'updated']) }}
),

history as (
    select
        ticket_id,
        max(case when field_name = 'status' and value = 'solved' then updated end) as solved_at,
        max(case when field_name = 'status' and value = 'closed' then updated end) as closed_at,
        count(
            case when field_name = 'status' and former_value = 'solved' and value not in ('solved', 'closed') then 1 end
        ) as reopened_count,
        min_by(value, updated) filter (where field_name = 'assignee_id' and value is not null) as first_assignee_id,
        count(case when field_name = 'assignee_id' and former_value is not null and value is not null then 1 end)
            as transfer_count
    from changes
    group by ticket_id
),

answers as (
    -- The first public comment of somebody who works here.
    select
        c.ticket_id,
        min(c.created) as first_response_at
    from {{ export('fivetran_zendesk/ticket_comment/*', text=true, latest='id') }} as c
    inner join users as u on u.id = c.user_id and u.role in ('agent', 'admin')
    where c.public = 'true'
    group by c.ticket_id
),

complaints as (
    select ticket_id
    from {{ export('fivetran_zendesk/ticket_tag/*', text=true, optional=true,
                   columns=['_fivetran_deleted', 'tag', 'ticket_id']) }}
    -- A tag that was taken away is still there.
    where tag = 'complaint' and coalesce(_fivetran_deleted, 'false') = 'false'
    group by ticket_id
)

select
    t.id as ticket_id,
    coalesce(u.external_id, t.requester_id) as customer_id,
    t.via_channel as channel,
    t.type = 'question' as is_question,
    complaints.ticket_id is not null as is_complaint,
    t.created_at as opened_at,
    a.first_response_at,
    case when t.status in ('solved', 'closed') then h.solved_at end as resolved_at,
    case when t.status = 'closed' then coalesce(h.closed_at, t.updated_at) end as closed_at,
    t.status,
    coalesce(h.first_assignee_id, t.assignee_id) as first_assigned_employee_id,
    case when t.status in ('solved', 'closed') then t.assignee_id end as closing_employee_id,
    date_diff('second', cast(t.created_at as timestamptz), cast(a.first_response_at as timestamptz)) as wait_seconds,
    h.transfer_count,
    h.reopened_count,
    t.updated_at as ingested_at,
    'zendesk' as source_system,
    t._file,
    t._line
from {{ export('fivetran_zendesk/ticket/*', text=true, latest='id', columns=[
    '_fivetran_deleted', 'assignee_id', 'type', 'via_channel'
]) }} as t
left join users as u on u.id = t.requester_id
left join history as h on h.ticket_id = t.id
left join answers as a on a.ticket_id = t.id
left join complaints on complaints.ticket_id = t.id
where t.status <> 'deleted' and coalesce(t._fivetran_deleted, 'false') = 'false'
