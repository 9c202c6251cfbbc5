-- CON-17: opt-outs with the last outbound contact on the channel within the days of attribution, which need not be the
-- cause.
with optouts as (
    select
        consent_event_id,
        customer_id,
        channel_code,
        purpose_code,
        action_code,
        occurred_date,
        occurred_at
    from {{ ref('fct_consent_events') }}
    where not is_grant
),

preceding as (
    select
        optouts.consent_event_id,
        contacts.contact_id,
        contacts.campaign_code,
        contacts.channel,
        contacts.purpose,
        contacts.attempted_at,
        row_number() over (
            partition by optouts.consent_event_id order by contacts.attempted_at desc, contacts.contact_id asc
        ) as choice
    from optouts
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('fct_contacts') }} as contacts
        on optouts.customer_id = contacts.customer_id
        and contacts.direction = 'outbound'
        and optouts.channel_code in (contacts.channel, 'all')
        and contacts.attempted_at <= optouts.occurred_at
        and contacts.attempted_at >= {{ add_time(
            'hour', 'optouts.occurred_at', '-24 * policy.optout_attribution_days'
        ) }}
)

select
    optouts.consent_event_id,
    optouts.customer_id,
    optouts.channel_code,
    optouts.purpose_code,
    optouts.action_code,
    coalesce(status.status, 'registered') as customer_status,
    coalesce(value_segment.segment_code, 'unassigned') as segment_code,
    preceding.contact_id as preceding_contact_id,
    preceding.channel as preceding_channel_code,
    preceding.purpose as preceding_purpose_code,
    preceding.campaign_code as preceding_campaign_code,
    coalesce(contact_status.marketing_channels_count, 0) as remaining_channels_count,
    coalesce(status.is_paying, false) as is_paying,
    coalesce(contact_status.marketing_channels_count, 0) = 0 as is_unreachable_now,
    optouts.occurred_date as opted_out_date,
    optouts.occurred_at as opted_out_at,
    preceding.attempted_at as preceding_attempted_at
from optouts
left join preceding
    on optouts.consent_event_id = preceding.consent_event_id
    and preceding.choice = 1
left join {{ ref('mart_customer_contact_status') }} as contact_status
    on optouts.customer_id = contact_status.customer_id
{{ attributes_as_of('optouts', 'optouts.occurred_date', ['status', 'value_segment']) }}
