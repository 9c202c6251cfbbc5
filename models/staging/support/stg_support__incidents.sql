with source as (
    select * from {{ loaded(source('support', 'incidents')) }}
),

renamed as (
    select
        -- identifiers and text
        incident_id,
        change_id,
        component_code,
        stage_code,
        kind,
        severity,
        source_system,

        -- numbers
        _load_id as load_id,

        -- dates
        {{ business_date(utc_moment('started_at')) }} as started_date,

        -- moments, in UTC
        {{ utc_moment('started_at') }} as started_at,
        {{ utc_moment('detected_at') }} as detected_at,
        {{ utc_moment('notice_published_at') }} as notice_published_at,
        {{ utc_moment('eta_announced_at') }} as eta_announced_at,
        {{ utc_moment('eta_at') }} as eta_at,
        {{ utc_moment('revised_eta_at') }} as revised_eta_at,
        {{ settled_moment(utc_moment('resolved_at'), utc_moment('started_at')) }} as resolved_at,
        ingested_at
    from source
)

select * from renamed
