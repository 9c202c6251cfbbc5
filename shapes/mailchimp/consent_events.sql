-- Customers who unsubscribed from a mailing of Mailchimp.
-- Left out: subscribers without the merge field CUSTOMERID.
select
    'mailchimp:' || campaign_id || ':' || email_id as consent_event_id,
    merge_fields ->> 'CUSTOMERID' as customer_id,
    'email' as channel,
    'marketing' as purpose,
    'unsubscribed' as action,
    "timestamp" as occurred_at,
    'mailchimp' as source_system,
    _file,
    _line
from {{ export('mailchimp/unsubscribed*.json*', rows='unsubscribes', latest=['campaign_id', 'email_id'], optional=true,
               columns=['campaign_id', 'email_id', 'merge_fields', 'timestamp']) }}
where (merge_fields ->> 'CUSTOMERID') <> ''
