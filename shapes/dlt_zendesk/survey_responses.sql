-- Ratings of tickets: the answer to the one question that Zendesk asks.
-- Left out: ratings that were offered and not given.
select
    r.id as response_id,
    'zendesk:' || r.ticket_id as invitation_id,
    coalesce(u.external_id, r.requester_id) as customer_id,
    'csat' as survey_code,
    'email' as channel,
    r.updated_at as submitted_at,
    'complete' as status,
    r.ticket_id,
    r.assignee_id as subject_employee_id,
    'zendesk' as source_system,
    r._file,
    r._line
from {{ export('dlt_zendesk/satisfaction_ratings/*', text=true, latest='id',
               columns=['assignee_id', 'comment']) }} as r
left join {{ export('dlt_zendesk/users/*', text=true, latest='id',
                    columns=['external_id', 'name', 'role']) }} as u
    on u.id = r.requester_id
where r.score not in ('offered', 'unoffered')
