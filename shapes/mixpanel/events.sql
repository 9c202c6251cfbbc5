-- Events of Mixpanel, one export per day or range. Each file is shaped once, when it comes or changes.
with events as (
    select
        *,
        properties ->> '$.distinct_id' as distinct_id,
        properties ->> '$."$device_id"' as device_id
    from {{ export('mixpanel/*.json*', each=true) }}
),

people as (
    -- Before a sign-in Mixpanel puts the device in the place of the person.
    select
        *,
        coalesce(
            properties ->> '$."$user_id"',
            case when not starts_with(distinct_id, '$device:') and distinct_id is distinct from device_id
                    then distinct_id
            end
        ) as person
    from events
)

select
    properties ->> '$."$insert_id"' as event_id,
    person as customer_id,
    person as user_id,
    case when person is null then coalesce(device_id, replace(distinct_id, '$device:', '')) end as anonymous_id,
    event as event_name,
    unix_moment(properties ->> '$.time') as occurred_at,
    case
        when (properties ->> '$.mp_lib') = 'web' then 'web'
        when (properties ->> '$.mp_lib') in ('android', 'iphone', 'swift', 'react-native', 'flutter', 'unity')
            then 'app'
    end as source,
    device_id,
    properties ->> '$."$app_version_string"' as app_version,
    properties,
    unix_moment(properties ->> '$.mp_processing_time_ms') as ingested_at,
    'mixpanel' as source_system,
    _file,
    _line
from people
