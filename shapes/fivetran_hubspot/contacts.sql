-- Calls, emails and meetings of HubSpot as Fivetran lands them, each with the first contact that is a customer.
-- Left out: forwarded mails, deleted engagements, and those with nobody who is a customer.
with people as (
    select
        id,
        coalesce(property_customer_id, id) as customer_id
    from {{ export('fivetran_hubspot/contact/*', text=true, latest='id', columns=[
        '_fivetran_deleted', 'property_city', 'property_company', 'property_country', 'property_customer_id',
        'property_firstname', 'property_hubspot_owner_assigneddate', 'property_hubspot_owner_id',
        'property_lastname', 'property_lifecyclestage'
    ]) }}
    where (property_customer_id is not null or property_lifecyclestage in ('customer', 'evangelist'))
        and coalesce(_fivetran_deleted, 'false') = 'false'
),

reached as (
    select
        c.engagement_id,
        min(people.customer_id) as customer_id
    from {{ export('fivetran_hubspot/engagement_contact/*', text=true, latest=['engagement_id', 'contact_id'],
                   columns=['_fivetran_deleted']) }} as c
    inner join people on people.id = c.contact_id
    where coalesce(c._fivetran_deleted, 'false') = 'false'
    group by c.engagement_id
),

engagements as (
    select
        engagement_id,
        'call' as channel,
        property_hubspot_owner_id as owner_id,
        property_hs_call_direction = 'INBOUND' as is_inbound,
        property_hs_timestamp as attempted_at,
        property_hs_call_duration as duration_ms,
        null as held_at,
        null as ended_at,
        property_hs_call_status as outcome,
        case property_hs_call_disposition
            when 'f240bbac-87c9-4f6e-bf70-924b57d47db7' then 'conversation'
            when 'a4c4c377-d246-4b32-a13b-75a56a4cd0ff' then 'conversation'
            when 'b2cf5968-551e-4856-9783-52b3da59a7d0' then 'voicemail'
            when '73a0d17f-1163-4015-bdd5-ec830791da20' then 'no_answer'
            when '9d9162e7-6cf3-4944-bf63-4dff82258764' then 'no_answer'
            when '17b47fee-58de-441e-a44c-c6300d46f273' then 'wrong_number'
        end as disposition,
        _file,
        _line
    from {{ export('fivetran_hubspot/engagement_call/*', text=true, latest='engagement_id', optional=true, columns=[
        '_fivetran_deleted', 'engagement_id', 'property_hs_call_direction', 'property_hs_call_disposition',
        'property_hs_call_duration', 'property_hs_call_status', 'property_hs_timestamp', 'property_hubspot_owner_id'
    ]) }}
    where coalesce(_fivetran_deleted, 'false') = 'false'
    union all
    select
        engagement_id,
        'email',
        property_hubspot_owner_id,
        property_hs_email_direction = 'INCOMING_EMAIL',
        property_hs_timestamp,
        null,
        null,
        null,
        property_hs_email_status,
        null,
        _file,
        _line
    from {{ export('fivetran_hubspot/engagement_email/*', text=true, latest='engagement_id', optional=true, columns=[
        '_fivetran_deleted', 'engagement_id', 'property_hs_email_direction', 'property_hs_email_status',
        'property_hs_timestamp', 'property_hubspot_owner_id'
    ]) }}
    where coalesce(_fivetran_deleted, 'false') = 'false'
        and coalesce(property_hs_email_direction, '') <> 'FORWARDED_EMAIL'
    union all
    select
        engagement_id,
        'meeting',
        property_hubspot_owner_id,
        false,
        -- A meeting is attempted when it is agreed on, unless it was logged later.
        least(property_hs_createdate, property_hs_meeting_start_time),
        null,
        case when property_hs_meeting_outcome = 'COMPLETED' then property_hs_meeting_start_time end,
        case when property_hs_meeting_outcome = 'COMPLETED' then property_hs_meeting_end_time end,
        property_hs_meeting_outcome,
        null,
        _file,
        _line
    from {{ export('fivetran_hubspot/engagement_meeting/*', text=true, latest='engagement_id', optional=true, columns=[
        '_fivetran_deleted', 'engagement_id', 'property_hs_createdate', 'property_hs_meeting_end_time',
        'property_hs_meeting_outcome', 'property_hs_meeting_start_time', 'property_hubspot_owner_id'
    ]) }}
    where coalesce(_fivetran_deleted, 'false') = 'false'
)

select
    e.channel || ':' || e.engagement_id as contact_id,
    r.customer_id,
    e.owner_id as employee_id,
    case when e.is_inbound then 'inbound' else 'outbound' end as direction,
    e.channel,
    false as is_automated,
    e.attempted_at,
    case when e.disposition = 'conversation'
            or (e.disposition is null and e.channel = 'call' and e.outcome = 'COMPLETED') then e.attempted_at
    end as answered_at,
    cast(try_cast(e.duration_ms as bigint) / 1000 as integer) as duration_sec,
    e.held_at,
    e.ended_at,
    coalesce(
        e.disposition,
        case
            when e.outcome = 'COMPLETED' then 'conversation'
            when e.outcome in ('NO_ANSWER', 'BUSY', 'MISSED', 'NO_SHOW') then 'no_answer'
            when e.outcome in ('CANCELED', 'RESCHEDULED') then 'cancelled'
            when e.outcome = 'BOUNCED' then 'bounced'
        end
    ) as outcome_code,
    'hubspot' as source_system,
    e._file,
    e._line
from engagements as e
inner join reached as r on r.engagement_id = e.engagement_id
