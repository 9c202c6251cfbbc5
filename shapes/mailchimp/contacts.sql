-- Mailings of Mailchimp: one contact per campaign and recipient, with the first opening and click.
-- Left out: subscribers without the merge field CUSTOMERID.
with activity as (
    select
        campaign_id,
        email_id,
        unnest(elements(activity)) as step
    from {{ export('mailchimp/email_activity*.json*', rows='emails', optional=true,
                   columns=['campaign_id', 'email_id', 'activity']) }}
),

reactions as (
    select
        campaign_id,
        email_id,
        min(case when (step ->> 'action') = 'open' then step ->> 'timestamp' end) as opened_at,
        min(case when (step ->> 'action') = 'click' then step ->> 'timestamp' end) as clicked_at
    from activity
    group by campaign_id, email_id
)

select
    s.campaign_id || ':' || s.email_id as contact_id,
    s.merge_fields ->> 'CUSTOMERID' as customer_id,
    'outbound' as direction,
    'email' as channel,
    s.campaign_id as campaign_code,
    true as is_automated,
    c.send_time as attempted_at,
    case when s.status = 'sent' then c.send_time end as delivered_at,
    r.opened_at,
    r.clicked_at,
    case when s.status in ('hard', 'soft') then 'bounced' end as outcome_code,
    'mailchimp' as source_system,
    s._file,
    s._line
from {{ export('mailchimp/sent_to*.json*', rows='sent_to', latest=['campaign_id', 'email_id']) }} as s
left join {{ export('mailchimp/campaigns*.json*', rows='campaigns', latest='id') }} as c on c.id = s.campaign_id
left join reactions as r on r.campaign_id = s.campaign_id and r.email_id = s.email_id
-- Subscribers who are not customers. Contacts of a campaign that is not exported have no moment and go to quarantine.
where (s.merge_fields ->> 'CUSTOMERID') <> ''
