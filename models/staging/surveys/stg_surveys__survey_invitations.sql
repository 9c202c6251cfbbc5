with source as (
    select * from {{ loaded(source('surveys', 'survey_invitations')) }}
),

renamed as (
    select
        -- identifiers and text
        invitation_id,
        customer_id,
        survey_code,
        trigger_type,
        trigger_key,
        channel,
        stage_code,
        touchpoint_code,
        ticket_id,
        contact_id,
        source_system,

        -- numbers
        question_count,
        _load_id as load_id,

        -- dates
        {{ business_date(utc_moment('sent_at')) }} as sent_date,

        -- moments, in UTC
        {{ utc_moment('sent_at') }} as sent_at,
        {{ settled_moment(utc_moment('delivered_at'), utc_moment('sent_at')) }} as delivered_at,
        {{ settled_moment(utc_moment('shown_at'), utc_moment('sent_at')) }} as shown_at,
        ingested_at
    from source
)

select * from renamed
