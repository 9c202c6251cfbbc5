-- Every catalogued name on every day (zero rows are rows), and every uncatalogued name on the days it came.
with volumes as (
    select volumes.*
    from {{ ref('fct_event_volume_daily') }} as volumes
    inner join {{ ref('run_context') }} as run_context
        on volumes.event_date <= run_context.as_of_date
),

spine as (
    select
        dates.date_day as event_date,
        catalogue.event_name
    from {{ ref('dim_dates') }} as dates
    cross join {{ ref('dim_events') }} as catalogue
    where dates.date_day >= {{ observed_from('events') }}
        and catalogue.is_listed
    union
    select
        event_date,
        event_name
    from volumes
),

counted as (
    select
        spine.event_date,
        spine.event_name,
        coalesce(volumes.events_count, 0) as events_count,
        coalesce(volumes.anonymous_events_count, 0) as anonymous_events_count
    from spine
    left join volumes
        on spine.event_date = volumes.event_date
        and spine.event_name = volumes.event_name
),

measured as (
    select
        counted.*,
        max(case when counted.events_count > 0 then counted.event_date end) over (
            partition by counted.event_name order by counted.event_date
            rows between unbounded preceding and current row
        ) as last_seen_date,
        sum(counted.events_count) over (partition by counted.event_date) as day_events_count
    from counted
),

covered as (
    select distinct event_name from {{ ref('dim_key_action_events') }}
)

select
    measured.event_name,
    catalogue.component_code,
    cast(measured.events_count as bigint) as events_count,
    cast(measured.anonymous_events_count as bigint) as anonymous_events_count,
    cast(measured.day_events_count as bigint) as day_events_count,
    cast({{ days_between('measured.last_seen_date', 'measured.event_date') }} as bigint) as unseen_days,
    coalesce(catalogue.is_listed, false) as is_known,
    covered.event_name is not null as is_key_action_covered,
    (covered.event_name is not null or catalogue.component_code is not null)
    and (
        measured.last_seen_date is null
        or {{ days_between('measured.last_seen_date', 'measured.event_date') }}
        >= policy.taxonomy_lookback_days
    ) as is_unseen,
    measured.event_date
from measured
left join {{ ref('dim_events') }} as catalogue
    on measured.event_name = catalogue.event_name
left join covered
    on measured.event_name = covered.event_name
cross join {{ ref('policy') }} as policy
