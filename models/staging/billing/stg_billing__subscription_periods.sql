with source as (
    select * from {{ loaded(source('billing', 'subscription_periods')) }}
),

renamed as (
    select
        -- identifiers and text
        period_id,
        subscription_id,
        customer_id,
        plan_code,
        {{ currency_code('currency') }} as currency_code,
        period_status,
        end_kind,
        end_reason_code,
        source_system,

        -- numbers
        mrr,
        _load_id as load_id,

        -- dates
        valid_from,
        valid_to,
        renewal_date,

        -- moments, in UTC
        {{ utc_moment('cancel_requested_at') }} as cancel_requested_at,
        {{ utc_moment('ingested_at') }} as written_at,
        ingested_at
    from source
)

select * from renamed
