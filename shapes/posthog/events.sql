-- Events of PostHog, as batch exports write them. Each file is shaped once, when it comes or changes.
with events as (
    select
        *,
        cast(properties as json) as props
    from {{ export('posthog/**/*', each=true, columns=['created_at']) }}
),

people as (
    -- Before a sign-in PostHog puts the device in the place of the person.
    select
        *,
        coalesce(
            props ->> '$."$user_id"',
            case when distinct_id is distinct from (props ->> '$."$device_id"') then distinct_id end
        ) as person
    from events
)

select
    uuid as event_id,
    person as customer_id,
    person as user_id,
    case when person is null then distinct_id end as anonymous_id,
    event as event_name,
    "timestamp" as occurred_at,
    case props ->> '$."$lib"' when 'web' then 'web' when 'posthog-ios' then 'app' when 'posthog-android' then 'app'
        when 'posthog-react-native' then 'app' when 'posthog-flutter' then 'app'
    end as source,
    props ->> '$."$session_id"' as session_id,
    props ->> '$."$device_id"' as device_id,
    props ->> '$."$app_version"' as app_version,
    cast(props as varchar) as properties,
    created_at as ingested_at,
    'posthog' as source_system,
    _file,
    _line
from people
