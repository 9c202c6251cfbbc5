-- A good rating is the best of five, a bad one the worst: Zendesk has nothing between.
-- Left out: ratings that were offered and not given.
select
    id as response_id,
    'csat' as question_code,
    case when starts_with(score, 'good') then 5 else 1 end as score,
    comment as text_answer,
    updated_at as answered_at,
    'zendesk' as source_system,
    _file,
    _line
from {{ export('zendesk/satisfaction_ratings*', text=true, rows='satisfaction_ratings', latest='id',
               columns=['assignee_id', 'comment']) }}
where score not in ('offered', 'unoffered')
