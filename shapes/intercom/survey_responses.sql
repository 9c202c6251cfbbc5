-- Ratings of conversations: the answer to the one question that Intercom asks.
-- Left out: conversations without a rating.
select
    'intercom:' || c.id as response_id,
    'intercom:' || c.id as invitation_id,
    coalesce(c.contacts ->> '$.contacts[0].external_id', u.external_id, c.contacts ->> '$.contacts[0].id')
        as customer_id,
    'csat' as survey_code,
    'chat' as channel,
    -- Older exports only have the time of the question.
    unix_moment(coalesce(c.conversation_rating ->> 'replied_at', c.conversation_rating ->> 'created_at'))
        as submitted_at,
    'complete' as status,
    c.id as ticket_id,
    c.conversation_rating ->> '$.teammate.id' as subject_employee_id,
    'intercom' as source_system,
    c._file,
    c._line
from {{ export('intercom/conversations*.json*', rows='conversations', latest='id',
               columns=['admin_assignee_id', 'contacts', 'conversation_rating', 'source', 'statistics']) }} as c
left join {{ export('intercom/contacts*.json*', rows='data', latest='id',
                    columns=['external_id', 'location', 'name', 'role', 'signed_up_at']) }} as u
    on u.id = (c.contacts ->> '$.contacts[0].id')
where (c.conversation_rating ->> 'rating') is not null
