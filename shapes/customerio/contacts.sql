-- Messages of Customer.io that were sent, with what became of them.
-- Left out: messages that were not sent, in-app messages and webhooks, and people without an id of yours.
with metrics as (
    select
        delivery_id,
        min(case when metric = 'sent' then unix_moment(created_at) end) as sent_at,
        min(case when metric = 'delivered' then unix_moment(created_at) end) as delivered_at,
        min(case when metric = 'opened' then unix_moment(created_at) end) as opened_at,
        min(case when metric = 'human_opened' then unix_moment(created_at) end) as human_opened_at,
        min(case when metric = 'clicked' then unix_moment(created_at) end) as clicked_at,
        bool_or(metric in ('bounced', 'dropped', 'undeliverable')) as is_bounced
    from {{ export('customerio/metrics*', text=true, columns=['event_id', 'reason']) }}
    group by delivery_id
)

select
    d.delivery_id as contact_id,
    -- A person who is not in the export keeps the id of Customer.io, so that the message is seen in quarantine.
    coalesce(p.customer_id, d.internal_customer_id) as customer_id,
    'outbound' as direction,
    case d.delivery_type when 'urban_push' then 'push' when 'twilio' then 'sms' when 'whatsapp' then 'messenger'
        else d.delivery_type
    end as channel,
    coalesce(d.campaign_id, d.newsletter_id, d.transactional_message_id) as campaign_code,
    true as is_automated,
    m.sent_at as attempted_at,
    m.delivered_at,
    coalesce(m.human_opened_at, m.opened_at) as opened_at,
    m.clicked_at,
    case when m.is_bounced then 'bounced' end as outcome_code,
    'customerio' as source_system,
    d._file,
    d._line
from {{ export('customerio/deliveries*', text=true, latest='delivery_id', columns=[
    'campaign_id', 'newsletter_id', 'transactional_message_id'
]) }} as d
inner join metrics as m on m.delivery_id = d.delivery_id and m.sent_at is not null
left join {{ export('customerio/people*', text=true, latest='internal_customer_id') }} as p
    on p.internal_customer_id = d.internal_customer_id
-- Messages within the product and to other systems are not contacts.
where d.delivery_type in ('email', 'push', 'sms', 'twilio', 'urban_push', 'whatsapp')
    and (p.customer_id is not null or p.internal_customer_id is null)
