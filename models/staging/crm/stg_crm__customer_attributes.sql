with source as (
    select * from {{ loaded(source('crm', 'customer_attributes')) }}
),

renamed as (
    select
        -- identifiers and text
        customer_id,
        attribute as attribute_code,
        value as attribute_value,
        source_system,

        -- numbers
        _load_id as load_id,

        -- dates
        valid_from,

        -- moments, in UTC
        ingested_at
    from source
)

select * from renamed
