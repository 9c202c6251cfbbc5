{{ changed_by_events({'customer_id': 'customer_id', 'occurred_date': 'event_date'}) }}
with events as (
    select
        events.event_id,
        events.customer_id,
        events.event_name,
        events.object_id,
        events.session_id,
        events.value_amount,
        coalesce(catalogue.is_error, false) or not coalesce(events.is_success, true) as is_error,
        events.occurred_date,
        events.occurred_at
    from {{ ref('stg_product__events') }} as events
    left join {{ ref('event_catalogue') }} as catalogue
        on events.event_name = catalogue.event_name
    where events.customer_id is not null
        and {{ rows_to_build() }}
),

-- An error belongs to the attempt that it happened in, of whatever funnel; a step that failed was not reached.
placed as (
    select
        events.*,
        steps.funnel_code,
        case when not events.is_error then steps.step_no end as step_no
    from events
    inner join {{ ref('funnel_steps') }} as steps
        on events.event_name = steps.event_name
    union all
    select
        events.*,
        funnels.funnel_code,
        cast(null as integer) as step_no
    from events
    cross join {{ ref('funnels') }} as funnels
    left join {{ ref('funnel_steps') }} as steps
        on funnels.funnel_code = steps.funnel_code
        and events.event_name = steps.event_name
    where events.is_error
        and steps.event_name is null
        and case funnels.attempt_key
            when 'session' then events.session_id
            when 'object' then events.object_id
            else events.customer_id
        end is not null
)

select
    placed.event_id,
    placed.customer_id,
    placed.funnel_code,
    -- An event without an object or session gets one of its own, so that nothing is lost and nothing matches it.
    case funnels.attempt_key
        when 'session' then coalesce(placed.session_id, placed.event_id)
        when 'object' then coalesce(placed.object_id, placed.event_id)
        else placed.customer_id
    end as attempt_key_value,
    placed.step_no,
    placed.value_amount,
    placed.is_error,
    placed.occurred_date as event_date,
    placed.occurred_at
from placed
inner join {{ ref('funnels') }} as funnels
    on placed.funnel_code = funnels.funnel_code
