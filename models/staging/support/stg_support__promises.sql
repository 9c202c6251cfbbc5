with source as (
    select * from {{ loaded(source('support', 'promises')) }}
),

renamed as (
    select
        -- identifiers and text
        promise_id,
        customer_id,
        promise_type,
        stage_code,
        unit,
        made_by_employee_id,
        promised_employee_id,
        ticket_id,
        case_id,
        contact_id,
        order_id,
        next_step,
        unkept_reason_code,
        source_system,

        -- numbers
        _load_id as load_id,

        -- booleans
        result_as_promised,

        -- dates
        {{ business_date(utc_moment('made_at')) }} as made_date,

        -- moments, in UTC
        {{ utc_moment('made_at') }} as made_at,
        {{ settled_moment(utc_moment('due_at'), utc_moment('made_at')) }} as due_at,
        {{ settled_moment(utc_moment('revised_due_at'), utc_moment('made_at')) }} as revised_due_at,
        {{ settled_moment(utc_moment('informed_at'), utc_moment('made_at')) }} as informed_at,
        {{ settled_moment(utc_moment('fulfilled_at'), utc_moment('made_at')) }} as fulfilled_at,
        {{ settled_moment(utc_moment('cancelled_at'), utc_moment('made_at')) }} as cancelled_at,
        ingested_at
    from source
)

select * from renamed
