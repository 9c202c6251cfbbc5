-- Ratings of conversations, from 1 to 5.
-- Left out: conversations without a rating.
select
    'intercom:' || id as response_id,
    'csat' as question_code,
    conversation_rating ->> 'rating' as score,
    conversation_rating ->> 'remark' as text_answer,
    unix_moment(coalesce(conversation_rating ->> 'replied_at', conversation_rating ->> 'created_at')) as answered_at,
    'intercom' as source_system,
    _file,
    _line
from {{ export('intercom/conversations*.json*', rows='conversations', latest='id',
               columns=['admin_assignee_id', 'contacts', 'conversation_rating', 'source', 'statistics']) }}
where (conversation_rating ->> 'rating') is not null
