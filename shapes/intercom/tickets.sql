-- Conversations of Intercom that customers began, or in which they answered a message.
-- Left out: conversations that no customer has answered or begun.
with conversations as (
    select
        *,
        contacts ->> '$.contacts[0].id' as contact_id,
        contacts ->> '$.contacts[0].external_id' as external_id,
        source ->> 'type' as kind,
        -- A message that we sent becomes a ticket when the customer answers.
        case when (source ->> 'delivered_as') = 'customer_initiated' then created_at
            else statistics ->> 'first_contact_reply_at'
        end as opened_at
    from {{ export('intercom/conversations*.json*', rows='conversations', latest='id',
                   columns=['admin_assignee_id', 'contacts', 'conversation_rating', 'source', 'statistics']) }}
)

select
    c.id as ticket_id,
    coalesce(c.external_id, u.external_id, c.contact_id) as customer_id,
    case
        when c.kind = 'conversation' then 'chat'
        when c.kind = 'phone_call' then 'call'
        when c.kind in ('facebook', 'instagram', 'twitter', 'whatsapp') then 'messenger'
        else c.kind
    end as channel,
    unix_moment(c.opened_at) as opened_at,
    unix_moment(c.statistics ->> 'first_admin_reply_at') as first_response_at,
    case when c.state = 'closed' then unix_moment(c.statistics ->> 'last_close_at') end as resolved_at,
    case when c.state = 'closed' then unix_moment(c.statistics ->> 'last_close_at') end as closed_at,
    c.state as status,
    c.admin_assignee_id as first_assigned_employee_id,
    case when c.state = 'closed' then c.statistics ->> 'last_closed_by_id' end as closing_employee_id,
    try_cast(c.statistics ->> 'first_admin_reply_at' as bigint) - try_cast(c.opened_at as bigint) as wait_seconds,
    -- Not by greatest(), which takes 0 where nobody counted.
    case when try_cast(c.statistics ->> 'count_assignments' as integer) > 0
            then try_cast(c.statistics ->> 'count_assignments' as integer) - 1
        when (c.statistics ->> 'count_assignments') is not null then 0
    end as transfer_count,
    c.statistics ->> 'count_reopens' as reopened_count,
    unix_moment(c.updated_at) as ingested_at,
    'intercom' as source_system,
    c._file,
    c._line
from conversations as c
left join {{ export('intercom/contacts*.json*', rows='data', latest='id',
                    columns=['external_id', 'location', 'name', 'role', 'signed_up_at']) }} as u
    on u.id = c.contact_id
where c.opened_at is not null
