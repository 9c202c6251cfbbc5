-- Where customers met us, by day, touchpoint of the journey and channel. A contact that reached nobody does not count.
with touches as (
    select
        contacts.customer_id,
        listed_touches.stage_code,
        listed_touches.touchpoint_code,
        contacts.channel as channel_code,
        0 as events_count,
        0 as errors_count,
        0 as tickets_count,
        contacts.attempted_date as touch_date
    from {{ ref('fct_contacts') }} as contacts
    inner join {{ ref('journey_touches') }} as listed_touches
        on listed_touches.touch_kind = 'contact_purpose'
        and contacts.purpose = listed_touches.touch_code
    where contacts.direction = 'inbound' or contacts.reached_at is not null
    union all
    select
        uses.customer_id,
        listed_touches.stage_code,
        listed_touches.touchpoint_code,
        'product' as channel_code,
        -- Uses that failed are in the failures, with the errors that are events of their own.
        uses.events_count - uses.failed_events_count as events_count,
        0 as errors_count,
        0 as tickets_count,
        uses.usage_date as touch_date
    from {{ ref('fct_component_usage_daily') }} as uses
    inner join {{ ref('run_context') }} as run_context
        on uses.usage_date <= run_context.as_of_date
    inner join {{ ref('journey_touches') }} as listed_touches
        on listed_touches.touch_kind = 'component'
        and uses.component_code = listed_touches.touch_code
    union all
    select
        failures.customer_id,
        listed_touches.stage_code,
        listed_touches.touchpoint_code,
        'product' as channel_code,
        failures.failed_events_count as events_count,
        failures.failed_events_count as errors_count,
        0 as tickets_count,
        failures.failure_date as touch_date
    from {{ ref('fct_component_failures_daily') }} as failures
    inner join {{ ref('run_context') }} as run_context
        on failures.failure_date <= run_context.as_of_date
    inner join {{ ref('journey_touches') }} as listed_touches
        on listed_touches.touch_kind = 'component'
        and failures.component_code = listed_touches.touch_code
    union all
    select
        tickets.customer_id,
        listed_touches.stage_code,
        listed_touches.touchpoint_code,
        tickets.channel as channel_code,
        0 as events_count,
        0 as errors_count,
        1 as tickets_count,
        tickets.opened_date as touch_date
    from {{ ref('fct_tickets') }} as tickets
    inner join {{ ref('journey_touches') }} as listed_touches
        on listed_touches.touch_kind = 'ticket_stage'
        and tickets.stage_code = listed_touches.touch_code
    union all
    select
        responses.customer_id,
        responses.stage_code,
        responses.touchpoint_code,
        responses.channel as channel_code,
        0 as events_count,
        0 as errors_count,
        0 as tickets_count,
        responses.response_date as touch_date
    from {{ ref('fct_survey_responses') }} as responses
    where responses.customer_id is not null and responses.response_date is not null
)

select
    touches.customer_id,
    touches.stage_code,
    journey.stage_no,
    touches.touchpoint_code,
    coalesce(touches.channel_code, 'unknown') as channel_code,
    cast(sum(touches.events_count) as bigint) as events_count,
    cast(sum(touches.errors_count) as bigint) as errors_count,
    cast(sum(touches.tickets_count) as bigint) as tickets_count,
    touches.touch_date
from touches
-- Touchpoints that the policy does not list are of no stage.
inner join {{ ref('journey_stages') }} as journey
    on touches.stage_code = journey.stage_code
    and touches.touchpoint_code = journey.touchpoint_code
-- Test accounts and deleted customers count nowhere.
inner join {{ ref('customer_registrations') }} as registration
    on touches.customer_id = registration.customer_id
group by
    touches.customer_id,
    touches.stage_code,
    journey.stage_no,
    touches.touchpoint_code,
    coalesce(touches.channel_code, 'unknown'),
    touches.touch_date
