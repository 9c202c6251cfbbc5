-- Intercom asks for a rating of a conversation: one invitation per conversation.
-- Left out: conversations whose rating was never asked for.
select
    'intercom:' || c.id as invitation_id,
    coalesce(c.contacts ->> '$.contacts[0].external_id', u.external_id, c.contacts ->> '$.contacts[0].id')
        as customer_id,
    'csat' as survey_code,
    'service' as trigger_type,
    c.id as trigger_key,
    'chat' as channel,
    unix_moment(c.conversation_rating ->> 'created_at') as sent_at,
    c.id as ticket_id,
    'intercom' as source_system,
    c._file,
    c._line
from {{ export('intercom/conversations*.json*', rows='conversations', latest='id',
               columns=['admin_assignee_id', 'contacts', 'conversation_rating', 'source', 'statistics']) }} as c
left join {{ export('intercom/contacts*.json*', rows='data', latest='id',
                    columns=['external_id', 'location', 'name', 'role', 'signed_up_at']) }} as u
    on u.id = (c.contacts ->> '$.contacts[0].id')
where (c.conversation_rating ->> 'created_at') is not null
