with source as (
    select * from {{ loaded(source('crm', 'dnd_flags')) }}
),

renamed as (
    select
        -- identifiers and text
        dnd_id,
        customer_id,
        set_by_employee_id,
        evidence_contact_id,
        reason_code,
        source_system,

        -- numbers
        _load_id as load_id,

        -- booleans
        is_customer_request,

        -- dates
        {{ business_date(utc_moment('valid_from')) }} as valid_from_date,

        -- moments, in UTC
        {{ utc_moment('valid_from') }} as valid_from,
        {{ utc_moment('valid_to') }} as valid_to,
        ingested_at
    from source
)

select * from renamed
