with source as (
    select * from {{ loaded(source('support', 'tickets')) }}
),

renamed as (
    select
        -- identifiers and text
        ticket_id,
        customer_id,
        channel,
        topic_code,
        stage_code,
        status,
        closed_reason,
        first_assigned_employee_id,
        closing_employee_id,
        source_system,

        -- numbers
        wait_seconds,
        talk_seconds,
        transfer_count,
        reopened_count,
        _load_id as load_id,

        -- booleans
        is_complaint,
        is_question,
        is_first_response_bot,
        is_abandoned,

        -- dates
        {{ business_date(utc_moment('opened_at')) }} as opened_date,

        -- moments, in UTC
        {{ utc_moment('opened_at') }} as opened_at,
        {{ settled_moment(utc_moment('first_response_at'), utc_moment('opened_at')) }} as first_response_at,
        {{ settled_moment(utc_moment('resolved_at'), utc_moment('opened_at')) }} as resolved_at,
        {{ settled_moment(utc_moment('closed_at'), utc_moment('opened_at')) }} as closed_at,
        ingested_at
    from source
)

select * from renamed
