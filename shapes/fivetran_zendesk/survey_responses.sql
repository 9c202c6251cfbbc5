-- Ratings of tickets: the answer to the one question that Zendesk asks.
-- Left out: tickets without a rating.
with ratings as (
    -- The last rating of a ticket.
    select
        ticket_id,
        max(case when field_name = 'satisfaction_score' and value in ('good', 'bad') then updated end) as rated_at
    from {{ export('fivetran_zendesk/ticket_field_history/*', text=true,
                   latest=['ticket_id', 'field_name', 'updated']) }}
    group by ticket_id
)

select
    'zendesk:' || r.ticket_id as response_id,
    'zendesk:' || r.ticket_id as invitation_id,
    coalesce(u.external_id, t.requester_id) as customer_id,
    'csat' as survey_code,
    'email' as channel,
    r.rated_at as submitted_at,
    'complete' as status,
    r.ticket_id,
    t.assignee_id as subject_employee_id,
    'zendesk' as source_system,
    t._file,
    t._line
from ratings as r
inner join {{ export('fivetran_zendesk/ticket/*', text=true, latest='id') }} as t on t.id = r.ticket_id
left join {{ export('fivetran_zendesk/user/*', text=true, latest='id', columns=['external_id', 'name']) }} as u
    on u.id = t.requester_id
where r.rated_at is not null
