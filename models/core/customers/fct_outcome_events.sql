{{ changed_by_events({'customer_id': 'customer_id', 'occurred_date': 'event_date'}) }}
with events as (
    select
        event_id,
        customer_id,
        event_name,
        object_id,
        is_success,
        occurred_date,
        occurred_at
    from {{ ref('stg_product__events') }}
    where customer_id is not null
        and {{ rows_to_build() }}
)

select
    events.event_id,
    events.customer_id,
    listed.outcome_code,
    -- An event without an object gets an object of its own, so that nothing matches it.
    coalesce(events.object_id, events.event_id) as object_id,
    listed.outcome_role = 'participated' as is_participation,
    case listed.outcome_role
        when 'participated' then events.is_success
        when 'won' then coalesce(events.is_success, true)
        else false
    end as is_won,
    events.occurred_date as event_date,
    events.occurred_at
from events
inner join {{ ref('outcome_events') }} as listed
    on events.event_name = listed.event_name
