with source as (
    select * from {{ loaded(source('surveys', 'survey_responses')) }}
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
        {{ business_date(utc_moment('submitted_at')) }} as submitted_date,

        -- moments, in UTC
        {{ utc_moment('started_at') }} as started_at,
        {{ settled_moment(utc_moment('submitted_at'), utc_moment('started_at')) }} as submitted_at,
        {{ utc_moment('crm_synced_at') }} as crm_synced_at,
        ingested_at
    from source
)

select * from renamed
