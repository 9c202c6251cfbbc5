{{ config(
    materialized='touched',
    touched_keys={'customer_id': 'customer_id', 'occurred_date': 'usage_date'},
    touched_by=[{'relation': 'stg_product__events'}],
    chunk={'relation': 'stg_product__events', 'day': 'occurred_date', 'raw': 'occurred_at_utc'},
    policy=['event_catalogue'],
) }}
-- depends_on: {{ ref('stg_product__events__superseded') }}
with events as (
    select
        customer_id,
        event_name,
        component_code,
        session_id,
        device_id,
        quantity,
        value_amount,
        is_success,
        occurred_date
    from {{ ref('stg_product__events') }}
    where customer_id is not null
        and {{ touched_scope() }}
)

select
    events.customer_id,
    coalesce(events.component_code, catalogue.component_code, '(none)') as component_code,
    count(*) as events_count,
    count(case when not events.is_success then 1 end) as failed_events_count,
    -- Summed as decimals: the sum of doubles depends on the order of the rows.
    cast(sum(cast(events.quantity as decimal(18, 4))) as double) as quantity,
    cast(sum(events.value_amount) as decimal(18, 2)) as value_amount,
    count(distinct events.session_id) as sessions_count,
    count(distinct events.device_id) as devices_count,
    events.occurred_date as usage_date
from events
inner join {{ ref('dim_events') }} as catalogue
    on events.event_name = catalogue.event_name
    and catalogue.is_usage
group by
    events.customer_id,
    coalesce(events.component_code, catalogue.component_code, '(none)'),
    events.occurred_date
