-- Zendesk asks for a rating of each solved ticket: one invitation per ticket that was offered a rating.
-- Left out: tickets whose rating was never offered.
with ratings as (
    -- The last rating of a ticket.
    select
        ticket_id,
        min(case when field_name = 'satisfaction_score' and value = 'offered' then updated end) as offered_at,
        max(case when field_name = 'satisfaction_score' and value in ('good', 'bad') then updated end) as rated_at
    from {{ export('fivetran_zendesk/ticket_field_history/*', text=true,
                   latest=['ticket_id', 'field_name', 'updated']) }}
    group by ticket_id
)

select
    'zendesk:' || r.ticket_id as invitation_id,
    coalesce(u.external_id, t.requester_id) as customer_id,
    'csat' as survey_code,
    'service' as trigger_type,
    r.ticket_id as trigger_key,
    'email' as channel,
    coalesce(r.offered_at, r.rated_at) as sent_at,
    r.ticket_id,
    'zendesk' as source_system,
    t._file,
    t._line
from ratings as r
inner join {{ export('fivetran_zendesk/ticket/*', text=true, latest='id') }} as t on t.id = r.ticket_id
left join {{ export('fivetran_zendesk/user/*', text=true, latest='id', columns=['external_id', 'name']) }} as u
    on u.id = t.requester_id
where coalesce(r.offered_at, r.rated_at) is not null
