with source as (
    select * from {{ loaded(source('crm', 'consent_events')) }}
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
        {{ business_date(utc_moment('occurred_at')) }} as occurred_date,

        -- moments, in UTC
        {{ utc_moment('occurred_at') }} as occurred_at,
        ingested_at
    from source
)

select * from renamed
