with source as (
    select * from {{ loaded(source('crm', 'employee_kpis')) }}
),

renamed as (
    select
        -- identifiers and text
        employee_id,
        kpi_code,
        source_system,

        -- numbers
        weight_pct,
        _load_id as load_id,

        -- dates
        valid_from,
        valid_to,

        -- moments, in UTC
        ingested_at
    from source
)

select * from renamed
