with source as (
    select * from {{ source('support', 'feedback_cases') }}
),

renamed as (
    select
        -- identifiers and text
        case_id,
        source_type,
        source_id,
        customer_id,
        subject_employee_id,
        subject_unit,
        decided_by_employee_id,
        contact_id,
        reason_topic,
        fix_topic,
        status,
        source_system,

        -- numbers
        _load_id as load_id,

        -- booleans
        callback_required,

        -- dates
        cast({{ business_time('opened_at') }} as date) as opened_date,

        -- moments, in the business time zone
        {{ business_time('opened_at') }} as opened_at,
        {{ business_time('processed_at') }} as processed_at,
        {{ business_time('decided_at') }} as decided_at,
        {{ business_time('resolved_at') }} as resolved_at,
        {{ business_time('informed_at') }} as informed_at,
        ingested_at
    from source
)

select * from renamed
