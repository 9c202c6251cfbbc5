with source as (
    select * from {{ loaded(source('crm', 'contacts')) }}
),

renamed as (
    select
        -- identifiers and text
        contact_id,
        customer_id,
        employee_id,
        direction,
        channel,
        purpose,
        reason_code,
        component_code,
        campaign_code,
        comm_rule_code,
        ticket_id,
        coupon_id,
        trigger_response_id,
        outcome_code,
        outcome_reason,
        source_system,

        -- numbers
        duration_sec,
        _load_id as load_id,

        -- booleans
        is_automated,
        is_personalised,
        is_machine_open,

        -- dates
        {{ business_date(utc_moment('attempted_at')) }} as attempted_date,

        -- moments, in UTC
        {{ utc_moment('attempted_at') }} as attempted_at,
        {{ settled_moment(utc_moment('delivered_at'), utc_moment('attempted_at')) }} as delivered_at,
        {{ settled_moment(utc_moment('opened_at'), utc_moment('attempted_at')) }} as opened_at,
        {{ settled_moment(utc_moment('clicked_at'), utc_moment('attempted_at')) }} as clicked_at,
        {{ settled_moment(utc_moment('answered_at'), utc_moment('attempted_at')) }} as answered_at,
        {{ settled_moment(utc_moment('replied_at'), utc_moment('attempted_at')) }} as replied_at,
        {{ settled_moment(utc_moment('held_at'), utc_moment('attempted_at')) }} as held_at,
        {{ settled_moment(utc_moment('ended_at'), utc_moment('attempted_at')) }} as ended_at,
        ingested_at
    from source
)

select * from renamed
