-- Prevents a run that misses or duplicates a changed day: daily volumes add up to the events in raw.
with daily as (
    select coalesce(sum(events_count), 0) as events_count from {{ ref('fct_event_volume_daily') }}
),

standing as (
    select count(*) as events_count from {{ ref('stg_product__events') }}
)

select
    daily.events_count as daily_events_count,
    standing.events_count as standing_events_count
from daily
cross join standing
where daily.events_count <> standing.events_count
