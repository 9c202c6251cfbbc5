with source as (
    select * from {{ loaded(source('crm', 'customer_segments')) }}
),

renamed as (
    select
        -- identifiers and text
        customer_id,
        scheme,
        segment_code,
        source_system,

        -- numbers
        _load_id as load_id,

        -- dates
        valid_from,
        valid_to,

        -- moments, in UTC
        ingested_at
    from source
)

select * from renamed
