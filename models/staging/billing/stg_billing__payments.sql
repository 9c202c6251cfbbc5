with source as (
    select * from {{ loaded(source('billing', 'payments')) }}
),

renamed as (
    select
        -- identifiers and text
        payment_id,
        customer_id,
        subscription_id,
        order_id,
        {{ currency_code('currency') }} as currency_code,
        status,
        source_system,

        -- numbers
        amount,
        _load_id as load_id,

        -- booleans
        is_refund,

        -- dates
        {{ business_date(utc_moment('paid_at')) }} as paid_date,

        -- moments, in UTC
        {{ utc_moment('paid_at') }} as paid_at,
        ingested_at
    from source
)

select * from renamed
