with source as (
    select * from {{ loaded(source('support', 'feedback_cases')) }}
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
        {{ business_date(utc_moment('opened_at')) }} as opened_date,

        -- moments, in UTC
        {{ utc_moment('opened_at') }} as opened_at,
        {{ settled_moment(utc_moment('processed_at'), utc_moment('opened_at')) }} as processed_at,
        {{ settled_moment(utc_moment('decided_at'), utc_moment('opened_at')) }} as decided_at,
        {{ settled_moment(utc_moment('resolved_at'), utc_moment('opened_at')) }} as resolved_at,
        {{ settled_moment(utc_moment('informed_at'), utc_moment('opened_at')) }} as informed_at,
        ingested_at
    from source
)

select * from renamed
