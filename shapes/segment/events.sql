-- Tracks and pages of Segment as its warehouse tables hold them. Each file is shaped once, when it comes or changes.
select
    id as event_id,
    user_id as customer_id,
    user_id,
    case when user_id is null then anonymous_id end as anonymous_id,
    case
        when starts_with(_file, 'segment/pages/') then 'Viewed page ' || coalesce(name, path, '')
        else coalesce(event_text, event)
    end as event_name,
    "timestamp" as occurred_at,
    case when context_library_name = 'analytics.js' then 'web'
        when context_library_name in ('analytics-ios', 'analytics-android', 'analytics-swift', 'analytics-kotlin')
            then 'app'
    end as source,
    context_device_id as device_id,
    context_app_version as app_version,
    received_at as ingested_at,
    'segment' as source_system,
    _file,
    _line
from {{ export('segment/{tracks,pages}/*', each=true, columns=[
    'anonymous_id', 'context_app_version', 'context_device_id', 'context_library_name', 'event', 'event_text', 'name',
    'path', 'user_id'
]) }}
