{{ changed_by_events({'customer_id': 'customer_id', 'occurred_date': 'event_date'}) }}
-- Only events that a scope names; other scopes are read from the facts of use.
with events as (
    select
        customer_id,
        event_name,
        occurred_date
    from {{ ref('stg_product__events') }}
    where customer_id is not null
        and {{ rows_to_build() }}
),

named as (
    select distinct catalogue.event_name
    from {{ ref('dim_events') }} as catalogue
    inner join {{ ref('activity_scopes') }} as scopes
        on {{ is_listed_in('catalogue.event_name', 'scopes.event_names') }}
)

select
    events.customer_id,
    events.event_name,
    count(*) as events_count,
    events.occurred_date as event_date
from events
inner join named
    on events.event_name = named.event_name
group by events.customer_id, events.event_name, events.occurred_date
