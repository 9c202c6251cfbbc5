with source as (
    select * from {{ loaded(source('product', 'events')) }}
),

renamed as (
    select
        -- identifiers and text
        event_id,
        customer_id,
        user_id,
        anonymous_id,
        event_name,
        source,
        recorded_by_employee_id,
        component_code,
        event_group,
        object_id,
        error_code,
        session_id,
        device_id,
        app_version,
        properties,
        source_system,

        -- numbers
        quantity,
        value_amount,
        _load_id as load_id,

        -- booleans
        is_success,

        -- dates
        {{ business_date(utc_moment('occurred_at')) }} as occurred_date,

        -- moments, in UTC
        {{ utc_moment('occurred_at') }} as occurred_at,
        ingested_at,
        occurred_at as occurred_at_utc
    from source
)

select * from renamed
