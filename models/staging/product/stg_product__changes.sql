with source as (
    select * from {{ loaded(source('product', 'changes')) }}
),

renamed as (
    select
        -- identifiers and text
        change_id,
        kind as change_kind,
        component_code,
        stage_code,
        description,
        source_system,

        -- numbers
        _load_id as load_id,

        -- booleans
        had_prototype,
        explanation_sent as is_explained,

        -- dates
        {{ business_date(utc_moment('effective_at')) }} as effective_date,

        -- moments, in UTC
        {{ utc_moment('effective_at') }} as effective_at,
        {{ settled_moment(utc_moment('ended_at'), utc_moment('effective_at')) }} as ended_at,
        {{ utc_moment('announced_at') }} as announced_at,
        {{ utc_moment('training_available_at') }} as training_available_at,
        ingested_at
    from source
)

select * from renamed
