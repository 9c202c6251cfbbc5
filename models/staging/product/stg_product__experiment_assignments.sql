with source as (
    select * from {{ loaded(source('product', 'experiment_assignments')) }}
),

renamed as (
    select
        -- identifiers and text
        experiment_id,
        customer_id,
        arm_code,
        source_system,

        -- numbers
        _load_id as load_id,

        -- booleans
        is_control,

        -- dates
        {{ business_date(utc_moment('assigned_at')) }} as assigned_date,

        -- moments, in UTC
        {{ utc_moment('assigned_at') }} as assigned_at,
        ingested_at
    from source
)

select * from renamed
