with source as (
    select * from {{ loaded(source('support', 'backlog_items')) }}
),

renamed as (
    select
        -- identifiers and text
        item_id,
        title,
        topic_code,
        source_type,
        submitted_by_customer_id,
        decision,
        source_system,

        -- numbers
        _load_id as load_id,

        -- booleans
        coalesce(is_public_idea, false) as is_public_idea,

        -- dates
        {{ business_date(utc_moment('created_at')) }} as created_date,

        -- moments, in UTC
        {{ utc_moment('detected_at') }} as detected_at,
        {{ utc_moment('created_at') }} as created_at,
        {{ utc_moment('published_at') }} as published_at,
        {{ settled_moment(utc_moment('decided_at'), utc_moment('created_at')) }} as decided_at,
        {{ settled_moment(utc_moment('started_at'), utc_moment('created_at')) }} as started_at,
        {{ settled_moment(utc_moment('shipped_at'), utc_moment('created_at')) }} as shipped_at,
        ingested_at
    from source
)

select * from renamed
