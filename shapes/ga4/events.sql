-- Events of Google Analytics 4, from the daily tables of its BigQuery export. Each file is shaped once.
with events as (
    select
        *,
        elements(event_params) as params
    from {{ export('ga4/events_*', each=true, columns=[
        'app_info', 'batch_event_index', 'ecommerce', 'event_bundle_sequence_id', 'platform', 'user_id'
    ]) }}
)

select
    -- Google gives no id. These together name one event of one visitor.
    md5(concat_ws('|', user_pseudo_id, event_timestamp, event_name, event_bundle_sequence_id, batch_event_index))
        as event_id,
    user_id as customer_id,
    user_id,
    case when user_id is null then user_pseudo_id end as anonymous_id,
    event_name,
    unix_moment(event_timestamp) as occurred_at,
    case platform when 'WEB' then 'web' when 'IOS' then 'app' when 'ANDROID' then 'app' end as source,
    cast(cast(ecommerce as json) ->> 'purchase_revenue' as double) as value_amount,
    user_pseudo_id || '.' || (
        list_filter(params, lambda param: (param ->> 'key') = 'ga_session_id')[1] ->> '$.value.int_value'
    ) as session_id,
    user_pseudo_id as device_id,
    cast(app_info as json) ->> 'version' as app_version,
    cast(cast(event_params as json) as varchar) as properties,
    'ga4' as source_system,
    _file,
    _line
from events
