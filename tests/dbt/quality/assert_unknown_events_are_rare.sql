-- Prevents unnoticed broken tagging (DQ-04): too many events have names that the catalogue does not know.
{{ config(severity='warn', meta={'remedy':
    'Add the names that quality.mart_event_taxonomy_health lists to event_catalogue.csv, or correct the tracking.'}) }}
with recent as (
    select
        sum(case when not health.is_known then health.events_count else 0 end) as unknown_count,
        sum(health.events_count) as events_count
    from {{ ref('mart_event_taxonomy_health') }} as health
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on {{ days_between('health.event_date', 'run_context.as_of_date') }} < policy.taxonomy_lookback_days
)

select
    recent.unknown_count,
    recent.events_count,
    {{ pct('recent.unknown_count', 'recent.events_count') }} as unknown_pct
from recent
cross join {{ ref('policy') }} as policy
-- Where names need no listing, policy says so, and none is unknown.
where policy.unlisted_events_are_usage = 0
    and 100.0 * recent.unknown_count > policy.unknown_event_share_pct * recent.events_count
