-- Customers who unsubscribed from messages of Customer.io.
-- Left out: other metrics than unsubscriptions from mails, and people without an id of yours.
select
    'customerio:' || coalesce(m.event_id, m.delivery_id) as consent_event_id,
    coalesce(p.customer_id, d.internal_customer_id) as customer_id,
    'email' as channel,
    'marketing' as purpose,
    'unsubscribed' as action,
    unix_moment(m.created_at) as occurred_at,
    'customerio' as source_system,
    m._file,
    m._line
from {{ export('customerio/metrics*', text=true, columns=['event_id', 'reason']) }} as m
inner join {{ export('customerio/deliveries*', text=true, latest='delivery_id', columns=[
    'campaign_id', 'newsletter_id', 'transactional_message_id'
]) }} as d on d.delivery_id = m.delivery_id
left join {{ export('customerio/people*', text=true, latest='internal_customer_id') }} as p
    on p.internal_customer_id = d.internal_customer_id
where m.metric = 'unsubscribed' and d.delivery_type = 'email'
    and (p.customer_id is not null or p.internal_customer_id is null)
