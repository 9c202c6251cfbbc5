with source as (
    select * from {{ loaded(source('support', 'compensations')) }}
),

renamed as (
    select
        -- identifiers and text
        compensation_id,
        customer_id,
        reason_type,
        reason_id,
        kind,
        {{ currency_code('currency') }} as currency_code,
        contact_id,
        employee_id,
        source_system,

        -- numbers
        amount,
        _load_id as load_id,

        -- dates
        {{ business_date(utc_moment('offered_at')) }} as offered_date,

        -- moments, in UTC
        {{ utc_moment('offered_at') }} as offered_at,
        {{ settled_moment(utc_moment('used_at'), utc_moment('offered_at')) }} as used_at,
        ingested_at
    from source
)

select * from renamed
