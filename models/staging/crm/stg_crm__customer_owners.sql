with source as (
    select * from {{ loaded(source('crm', 'customer_owners')) }}
),

renamed as (
    select
        -- identifiers and text
        customer_id,
        role,
        employee_id,
        source_system,

        -- numbers
        _load_id as load_id,

        -- moments, in UTC
        {{ utc_moment('valid_from') }} as valid_from,
        {{ utc_moment('valid_to') }} as valid_to,
        ingested_at
    from source
)

select * from renamed
