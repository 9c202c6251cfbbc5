{{ changed_by_events({'customer_id': 'customer_id', 'occurred_date': 'event_date'}) }}
with events as (
    select
        event_id,
        customer_id,
        event_name,
        component_code,
        event_group,
        properties,
        occurred_date,
        occurred_at
    from {{ ref('stg_product__events') }}
    where customer_id is not null
        and {{ rows_to_build() }}
)

select
    events.event_id,
    events.customer_id,
    catalogue.onboarding_role,
    coalesce(events.component_code, catalogue.component_code, events.event_group) as component_code,
    {{ json_text('events.properties', 'tour_version') }} as tour_version,
    {{ json_text('events.properties', 'is_skippable') }} = 'false' as is_forced,
    events.occurred_date as event_date,
    events.occurred_at
from events
inner join {{ ref('dim_events') }} as catalogue
    on events.event_name = catalogue.event_name
    and catalogue.onboarding_role is not null
