with source as (
    select * from {{ loaded(source('billing', 'loyalty_ledger')) }}
),

renamed as (
    select
        -- identifiers and text
        entry_id,
        customer_id,
        program_code,
        order_id,
        kind,
        {{ currency_code('currency') }} as currency_code,
        source_system,

        -- numbers
        points,
        amount,
        _load_id as load_id,

        -- dates
        valid_to,
        {{ business_date(utc_moment('occurred_at')) }} as occurred_date,

        -- moments, in UTC
        {{ utc_moment('occurred_at') }} as occurred_at,
        ingested_at
    from source
)

select * from renamed
