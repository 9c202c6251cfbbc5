with source as (
    select * from {{ loaded(source('billing', 'commissions')) }}
),

renamed as (
    select
        -- identifiers and text
        commission_id,
        employee_id,
        customer_id,
        subscription_id,
        {{ currency_code('currency') }} as currency_code,
        status,
        source_system,

        -- numbers
        amount,
        _load_id as load_id,

        -- moments, in UTC
        {{ utc_moment('sold_at') }} as sold_at,
        {{ utc_moment('paid_at') }} as paid_at,
        ingested_at
    from source
)

select * from renamed
