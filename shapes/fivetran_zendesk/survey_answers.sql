-- A good rating is the best of five, a bad one the worst: Zendesk has nothing between.
-- Left out: tickets without a rating.
with ratings as (
    -- The last rating of a ticket, with the comment.
    select
        ticket_id,
        max_by(value, updated) filter (where field_name = 'satisfaction_score' and value in ('good', 'bad')) as score,
        max(case when field_name = 'satisfaction_score' and value in ('good', 'bad') then updated end) as rated_at,
        max_by(value, updated) filter (where field_name = 'satisfaction_comment') as comment
    from {{ export('fivetran_zendesk/ticket_field_history/*', text=true,
                   latest=['ticket_id', 'field_name', 'updated']) }}
    group by ticket_id
)

select
    'zendesk:' || r.ticket_id as response_id,
    'csat' as question_code,
    case r.score when 'good' then 5 else 1 end as score,
    r.comment as text_answer,
    r.rated_at as answered_at,
    'zendesk' as source_system,
    t._file,
    t._line
from ratings as r
inner join {{ export('fivetran_zendesk/ticket/*', text=true, latest='id') }} as t on t.id = r.ticket_id
where r.score is not null
