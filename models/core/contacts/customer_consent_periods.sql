-- The latest event decides, also between a consent for every channel and one for a single channel.
with purposes as (
    select consent_purpose as purpose_code
    from {{ ref('contact_purposes') }}
    where consent_purpose is not null
    union
    select purpose_code
    from {{ ref('fct_consent_events') }}
    where purpose_code <> 'all'
),

-- Most customers have no events of a single channel: all their channels have the same history, which is worked out once
-- under `all`. A channel with events of its own has its own history.
own_channels as (
    select distinct
        customer_id,
        channel_code
    from {{ ref('fct_consent_events') }}
    where channel_code <> 'all'
),

histories as (
    select * from own_channels
    union all
    select distinct
        customer_id,
        'all' as channel_code
    from {{ ref('fct_consent_events') }}
    where channel_code = 'all'
),

-- At one moment, revoking wins over unsubscribing, and both over granting.
moments as (
    select
        events.customer_id,
        histories.channel_code,
        purposes.purpose_code,
        case max(case when events.is_grant then 1 when events.action_code = 'revoked' then 3 else 2 end)
            when 1 then 'granted'
            when 2 then 'unsubscribed'
            else 'revoked'
        end as consent_state,
        events.occurred_at
    from {{ ref('fct_consent_events') }} as events
    inner join histories
        on events.customer_id = histories.customer_id
        and events.channel_code in (histories.channel_code, 'all')
    inner join purposes
        on events.purpose_code in (purposes.purpose_code, 'all')
    group by events.customer_id, histories.channel_code, purposes.purpose_code, events.occurred_at
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
),

periods as (
    select
        customer_id,
        channel_code,
        purpose_code,
        consent_state,
        occurred_at as valid_from,
        lead(occurred_at) over (
            partition by customer_id, channel_code, purpose_code order by occurred_at
        ) as valid_to
    from changes
    where consent_state <> coalesce(previous_state, '')
)

select
    periods.customer_id,
    channels.channel_code,
    periods.purpose_code,
    periods.consent_state,
    periods.consent_state = 'granted' as is_granted,
    periods.valid_from,
    periods.valid_to
from periods
inner join {{ ref('contact_channels') }} as channels
    on periods.channel_code in (channels.channel_code, 'all')
left join own_channels
    on periods.customer_id = own_channels.customer_id
    and channels.channel_code = own_channels.channel_code
where periods.channel_code <> 'all'
    or own_channels.customer_id is null
