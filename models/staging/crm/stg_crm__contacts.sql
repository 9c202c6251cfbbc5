with source as (
    select * from {{ source('crm', 'contacts') }}
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
        cast({{ business_time('attempted_at') }} as date) as attempted_date,

        -- moments, in the business time zone
        {{ business_time('attempted_at') }} as attempted_at,
        {{ business_time('delivered_at') }} as delivered_at,
        {{ business_time('opened_at') }} as opened_at,
        {{ business_time('clicked_at') }} as clicked_at,
        {{ business_time('answered_at') }} as answered_at,
        {{ business_time('replied_at') }} as replied_at,
        {{ business_time('held_at') }} as held_at,
        {{ business_time('ended_at') }} as ended_at,
        ingested_at
    from source
)

select * from renamed
