-- Calls, emails and meetings that HubSpot has logged, each with the first contact that is a customer.
-- Left out: forwarded mails, archived engagements, and those with nobody who is a customer.
with people as (
    select
        id,
        coalesce(properties ->> 'customer_id', id) as customer_id
    from {{ export('hubspot/contacts*', text=true, rows='results', latest='id') }}
    where (properties ->> 'customer_id') is not null or (properties ->> 'lifecyclestage') in ('customer', 'evangelist')
),

engagements as (
    select
        'call' as channel,
        *
    from {{ export('hubspot/calls*', text=true, rows='results', latest='id', optional=true,
                   columns=['archived', 'associations', 'contacts', 'createdAt', 'id', 'properties']) }}
    union all by name
    select
        'email' as channel,
        *
    from {{ export('hubspot/emails*', text=true, rows='results', latest='id', optional=true,
                   columns=['archived', 'associations', 'contacts', 'createdAt', 'id', 'properties']) }}
    union all by name
    select
        'meeting' as channel,
        *
    from {{ export('hubspot/meetings*', text=true, rows='results', latest='id', optional=true,
                   columns=['archived', 'associations', 'contacts', 'createdAt', 'id', 'properties']) }}
),

participants as (
    -- The interface names contacts in `associations`, Airbyte in the column `contacts`.
    select
        channel,
        id,
        unnest(elements(coalesce(associations -> '$.contacts.results', contacts))) as person
    from engagements
),

reached as (
    select
        p.channel,
        p.id,
        min(people.customer_id) as customer_id
    from participants as p
    inner join people on people.id = coalesce(p.person ->> 'id', p.person ->> '$')
    group by p.channel, p.id
),

contacts as (
    select
        e.channel,
        e.id,
        r.customer_id,
        e.properties,
        unix_moment(e.properties ->> 'hs_timestamp') as happened_at,
        unix_moment(e.properties ->> 'hs_meeting_start_time') as starts_at,
        coalesce(e.createdat, e.properties ->> 'hs_createdate') as created_at,
        case e.properties ->> 'hs_call_disposition'
            when 'f240bbac-87c9-4f6e-bf70-924b57d47db7' then 'conversation'
            when 'a4c4c377-d246-4b32-a13b-75a56a4cd0ff' then 'conversation'
            when 'b2cf5968-551e-4856-9783-52b3da59a7d0' then 'voicemail'
            when '73a0d17f-1163-4015-bdd5-ec830791da20' then 'no_answer'
            when '9d9162e7-6cf3-4944-bf63-4dff82258764' then 'no_answer'
            when '17b47fee-58de-441e-a44c-c6300d46f273' then 'wrong_number'
        end as disposition,
        coalesce(
            e.properties ->> 'hs_call_status', e.properties ->> 'hs_email_status', e.properties ->> 'hs_meeting_outcome'
        ) as outcome,
        e._file,
        e._line
    from engagements as e
    inner join reached as r on r.channel = e.channel and r.id = e.id
    where coalesce(e.archived, 'false') = 'false'
        and coalesce(e.properties ->> 'hs_email_direction', '') <> 'FORWARDED_EMAIL'
)

select
    channel || ':' || id as contact_id,
    customer_id,
    properties ->> 'hubspot_owner_id' as employee_id,
    case when (properties ->> 'hs_call_direction') = 'INBOUND'
            or (properties ->> 'hs_email_direction') = 'INCOMING_EMAIL' then 'inbound'
        else 'outbound'
    end as direction,
    channel,
    false as is_automated,
    -- A meeting is attempted when it is agreed on, unless it was logged later.
    case when channel = 'meeting' then least(created_at, starts_at) else happened_at end as attempted_at,
    case when disposition = 'conversation' or (disposition is null and channel = 'call' and outcome = 'COMPLETED')
            then happened_at
    end as answered_at,
    case when channel = 'call' then cast(try_cast(properties ->> 'hs_call_duration' as bigint) / 1000 as integer) end
        as duration_sec,
    case when channel = 'meeting' and outcome = 'COMPLETED' then starts_at end as held_at,
    case when channel = 'meeting' and outcome = 'COMPLETED'
            then unix_moment(properties ->> 'hs_meeting_end_time')
    end as ended_at,
    coalesce(
        disposition,
        case
            when outcome = 'COMPLETED' then 'conversation'
            when outcome in ('NO_ANSWER', 'BUSY', 'MISSED', 'NO_SHOW') then 'no_answer'
            when outcome in ('CANCELED', 'RESCHEDULED') then 'cancelled'
            when outcome = 'BOUNCED' then 'bounced'
        end
    ) as outcome_code,
    'hubspot' as source_system,
    _file,
    _line
from contacts
