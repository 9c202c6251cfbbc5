-- The latest event decides, also between a consent for every channel and one for a single channel.
with channels as (
    select channel_code
    from {{ ref('contact_channels') }}
),

purposes as (
    select consent_purpose as purpose_code
    from {{ ref('contact_purposes') }}
    where consent_purpose is not null
    union
    select purpose_code
    from {{ ref('fct_consent_events') }}
    where purpose_code <> 'all'
),

-- At one moment, revoking wins over unsubscribing, and both over granting.
moments as (
    select
        events.customer_id,
        channels.channel_code,
        purposes.purpose_code,
        case max(case when events.is_grant then 1 when events.action_code = 'revoked' then 3 else 2 end)
            when 1 then 'granted'
            when 2 then 'unsubscribed'
            else 'revoked'
        end as consent_state,
        events.occurred_at
    from {{ ref('fct_consent_events') }} as events
    inner join channels
        on events.channel_code in (channels.channel_code, 'all')
    inner join purposes
        on events.purpose_code in (purposes.purpose_code, 'all')
    group by events.customer_id, channels.channel_code, purposes.purpose_code, events.occurred_at
),

changes as (
    select
        customer_id,
        channel_code,
        purpose_code,
        consent_state,
        occurred_at,
        lag(consent_state) over (
            partition by customer_id, channel_code, purpose_code order by occurred_at
        ) as previous_state
    from moments
)

select
    customer_id,
    channel_code,
    purpose_code,
    consent_state,
    consent_state = 'granted' as is_granted,
    occurred_at as valid_from,
    lead(occurred_at) over (
        partition by customer_id, channel_code, purpose_code order by occurred_at
    ) as valid_to
from changes
where consent_state <> coalesce(previous_state, '')
