with source as (
    select * from {{ loaded(source('billing', 'order_lines')) }}
),

renamed as (
    select
        -- identifiers and text
        order_line_id,
        order_id,
        customer_id,
        product_code,
        status,
        {{ currency_code('currency') }} as currency_code,
        source_system,

        -- numbers
        quantity,
        amount,
        discount_amount,
        _load_id as load_id,

        -- booleans
        coalesce(is_gift, false) as is_gift,

        -- dates
        {{ business_date(utc_moment('ordered_at')) }} as ordered_date,

        -- moments, in UTC
        {{ utc_moment('ordered_at') }} as ordered_at,
        {{ utc_moment('delivered_at') }} as delivered_at,
        ingested_at
    from source
)

select * from renamed
