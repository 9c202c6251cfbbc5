with source as (
    select * from {{ source('product', 'changes') }}
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
        cast({{ business_time('effective_at') }} as date) as effective_date,

        -- moments, in the business time zone
        {{ business_time('effective_at') }} as effective_at,
        {{ business_time('ended_at') }} as ended_at,
        {{ business_time('announced_at') }} as announced_at,
        {{ business_time('training_available_at') }} as training_available_at,
        ingested_at
    from source
)

select * from renamed
