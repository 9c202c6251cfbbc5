with source as (
    select * from {{ loaded(source('billing', 'coupons')) }}
),

renamed as (
    select
        -- identifiers and text
        coupon_id,
        customer_id,
        program_code,
        campaign_code,
        order_id,
        reminder_contact_id,
        {{ currency_code('currency') }} as currency_code,
        source_system,

        -- numbers
        amount,
        discount_pct,
        _load_id as load_id,

        -- dates
        valid_from,
        due_date,
        valid_to,
        {{ business_date(utc_moment('issued_at')) }} as issued_date,

        -- moments, in UTC
        {{ utc_moment('issued_at') }} as issued_at,
        {{ utc_moment('redeemed_at') }} as redeemed_at,
        {{ utc_moment('reminded_at') }} as reminded_at,
        {{ utc_moment('reminder_reached_at') }} as reminder_reached_at,
        ingested_at
    from source
)

select * from renamed
