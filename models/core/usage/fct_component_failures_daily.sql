{{ changed_by_events({'customer_id': 'customer_id', 'occurred_date': 'failure_date'}) }}
with events as (
    select
        customer_id,
        event_name,
        component_code,
        event_group,
        is_success,
        occurred_date
    from {{ ref('stg_product__events') }}
    where customer_id is not null
        and {{ rows_to_build() }}
)

select
    events.customer_id,
    coalesce(events.component_code, catalogue.component_code, events.event_group, '(none)') as component_code,
    count(*) as failed_events_count,
    events.occurred_date as failure_date
from events
inner join {{ ref('dim_events') }} as catalogue
    on events.event_name = catalogue.event_name
where catalogue.is_error or not events.is_success
group by
    events.customer_id,
    coalesce(events.component_code, catalogue.component_code, events.event_group, '(none)'),
    events.occurred_date
