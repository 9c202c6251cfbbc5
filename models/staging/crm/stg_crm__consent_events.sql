with source as (
    select * from {{ source('crm', 'consent_events') }}
),

renamed as (
    select
        -- identifiers and text
        consent_event_id,
        customer_id,
        channel,
        purpose,
        action,
        stage_code,
        policy_version,
        source_system,

        -- numbers
        _load_id as load_id,

        -- dates
        cast({{ business_time('occurred_at') }} as date) as occurred_date,

        -- moments, in the business time zone
        {{ business_time('occurred_at') }} as occurred_at,
        ingested_at
    from source
)

select * from renamed
