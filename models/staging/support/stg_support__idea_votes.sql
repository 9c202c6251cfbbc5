with source as (
    select * from {{ loaded(source('support', 'idea_votes')) }}
),

renamed as (
    select
        -- identifiers and text
        item_id,
        customer_id,
        source_system,

        -- numbers
        vote,
        _load_id as load_id,

        -- dates
        {{ business_date(utc_moment('voted_at')) }} as voted_date,

        -- moments, in UTC
        {{ utc_moment('voted_at') }} as voted_at,
        ingested_at
    from source
)

select * from renamed
