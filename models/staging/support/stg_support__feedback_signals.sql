with source as (
    select * from {{ loaded(source('support', 'feedback_signals')) }}
),

renamed as (
    select
        -- identifiers and text
        signal_id,
        customer_id,
        response_id,
        source_type,
        source_id,
        stage_code,
        topic_code,
        model_version,
        source_system,

        -- numbers
        sentiment,
        _load_id as load_id,

        -- booleans
        is_direct,

        -- dates
        {{ business_date(utc_moment('occurred_at')) }} as occurred_date,

        -- moments, in UTC
        {{ utc_moment('occurred_at') }} as occurred_at,
        {{ settled_moment(utc_moment('replied_at'), utc_moment('occurred_at')) }} as replied_at,
        ingested_at
    from source
)

select * from renamed
