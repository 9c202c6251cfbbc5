with source as (
    select * from {{ loaded(source('crm', 'contact_points')) }}
),

renamed as (
    select
        -- identifiers and text
        contact_point_id,
        customer_id,
        channel,
        entered_by_employee_id,
        value_hash,
        source_system,

        -- numbers
        _load_id as load_id,

        -- booleans
        is_placeholder,
        is_valid,

        -- dates
        {{ business_date(utc_moment('added_at')) }} as added_date,

        -- moments, in UTC
        {{ utc_moment('added_at') }} as added_at,
        {{ settled_moment(utc_moment('invalidated_at'), utc_moment('added_at')) }} as invalidated_at,
        ingested_at
    from source
)

select * from renamed
