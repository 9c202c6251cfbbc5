-- Customers who unsubscribed from emails of Braze.
-- Left out: people without an external id.
select
    id as consent_event_id,
    external_user_id as customer_id,
    'email' as channel,
    'marketing' as purpose,
    'unsubscribed' as action,
    unix_moment("time") as occurred_at,
    'braze' as source_system,
    _file,
    _line
from {{ export('braze/event_type=users.messages.email.Unsubscribe/**/*', text=true, latest='id', optional=true,
               columns=['id', 'external_user_id', 'time']) }}
where external_user_id is not null
