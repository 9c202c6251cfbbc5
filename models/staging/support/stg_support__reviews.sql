with source as (
    select * from {{ loaded(source('support', 'reviews')) }}
),

renamed as (
    select
        -- identifiers and text
        review_id,
        customer_id,
        subject_type,
        subject_key,
        verdict,
        reviewed_by,
        source_system,

        -- numbers
        _load_id as load_id,

        -- dates
        {{ business_date(utc_moment('reviewed_at')) }} as reviewed_date,

        -- moments, in UTC
        {{ utc_moment('reviewed_at') }} as reviewed_at,
        ingested_at
    from source
)

select * from renamed
