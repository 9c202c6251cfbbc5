-- Zendesk asks for a rating of each solved ticket: one invitation per ticket that was offered a rating.
-- Left out: tickets whose rating was never offered.
select
    'zendesk:' || r.ticket_id as invitation_id,
    any_value(coalesce(u.external_id, r.requester_id)) as customer_id,
    'csat' as survey_code,
    'service' as trigger_type,
    r.ticket_id as trigger_key,
    'email' as channel,
    min(r.created_at) as sent_at,
    r.ticket_id,
    'zendesk' as source_system,
    min_by(r._file, r.created_at) as _file,
    min_by(r._line, r.created_at) as _line
from {{ export('zendesk/satisfaction_ratings*', text=true, rows='satisfaction_ratings', latest='id',
               columns=['assignee_id', 'comment']) }} as r
left join {{ export('zendesk/users*', text=true, rows='users', latest='id',
                    columns=['external_id', 'name', 'role']) }} as u
    on u.id = r.requester_id
where r.score <> 'unoffered'
group by r.ticket_id
