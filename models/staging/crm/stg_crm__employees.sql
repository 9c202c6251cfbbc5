with source as (
    select * from {{ loaded(source('crm', 'employees')) }}
),

renamed as (
    select
        -- identifiers and text
        employee_id,
        display_name,
        team,
        unit,
        region,
        seniority,
        manager_id,
        source_system,

        -- numbers
        _load_id as load_id,

        -- dates
        hired_at,
        left_at,
        valid_from,
        valid_to,

        -- moments, in UTC
        ingested_at
    from source
)

select * from renamed
