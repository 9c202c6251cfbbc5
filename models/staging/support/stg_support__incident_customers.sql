with source as (
    select * from {{ loaded(source('support', 'incident_customers')) }}
),

renamed as (
    select
        -- identifiers and text
        incident_id,
        customer_id,
        channel,
        contact_id,
        source_system,

        -- numbers
        failed_attempts_count,
        _load_id as load_id,

        -- moments, in UTC
        {{ utc_moment('hit_at') }} as hit_at,
        {{ utc_moment('notified_at') }} as notified_at,
        {{ utc_moment('completed_at') }} as completed_at,
        ingested_at
    from source
)

select * from renamed
