with source as (
    select * from {{ source('surveys', 'survey_responses') }}
),

renamed as (
    select
        -- identifiers and text
        response_id,
        invitation_id,
        customer_id,
        survey_code,
        channel,
        status,
        stage_code,
        touchpoint_code,
        ticket_id,
        subject_employee_id,
        subject_unit,
        source_system,

        -- numbers
        _load_id as load_id,

        -- dates
        cast({{ business_time('submitted_at') }} as date) as submitted_date,

        -- moments, in the business time zone
        {{ business_time('started_at') }} as started_at,
        {{ business_time('submitted_at') }} as submitted_at,
        {{ business_time('crm_synced_at') }} as crm_synced_at,
        ingested_at
    from source
)

select * from renamed
