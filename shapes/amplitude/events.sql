-- Events of Amplitude, one file per hour of the export. Each file is shaped once, when it comes or changes.
-- Amplitude writes its times in UTC without saying so.
select
    coalesce("$insert_id", uuid) as event_id,
    user_id as customer_id,
    user_id,
    case when user_id is null then device_id end as anonymous_id,
    event_type as event_name,
    event_time || 'Z' as occurred_at,
    case when platform = 'Web' then 'web' when platform in ('iOS', 'Android') then 'app' end as source,
    nullif(session_id, '-1') as session_id,
    device_id,
    version_name as app_version,
    event_properties as properties,
    server_upload_time || 'Z' as ingested_at,
    'amplitude' as source_system,
    _file,
    _line
from {{ export('amplitude/**/*.json*', each=true, columns=[
    '$insert_id', 'device_id', 'event_properties', 'platform', 'session_id', 'user_id', 'uuid', 'version_name'
]) }}
