{{ changed_by_events({'customer_id': 'customer_id', 'occurred_date': 'usage_date'}) }}
-- Distinct devices of a day cannot be summed over components. Distinct counts are most of the cost, so only those that
-- somebody reads are computed.
with events as (
    select
        customer_id,
        event_name,
        device_id,
        occurred_date
    from {{ ref('stg_product__events') }}
    where customer_id is not null
        and {{ rows_to_build() }}
),

exports as (
    select distinct catalogue.event_name
    from {{ ref('dim_events') }} as catalogue
    inner join {{ ref('usage_anomalies') }} as anomalies
        on anomalies.measure = 'exports'
        and {{ dbt.position("'|' || catalogue.event_name || '|'", "'|' || anomalies.event_names || '|'") }} > 0
)

select
    events.customer_id,
    count(*) as events_count,
    count(distinct events.device_id) as devices_count,
    count(exports.event_name) as exports_count,
    events.occurred_date as usage_date
from events
inner join {{ ref('dim_events') }} as catalogue
    on events.event_name = catalogue.event_name
    and catalogue.is_usage
left join exports
    on events.event_name = exports.event_name
group by events.customer_id, events.occurred_date
