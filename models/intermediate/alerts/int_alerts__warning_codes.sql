-- What warns: alert rules, and changes of the health status, each with the time in which it could have spoken. Before
-- its source was recorded for long enough, and while it was switched off, a rule says nothing about a churn.
with rules as (
    select
        *,
        row_number() over (partition by rule_code, window_from order by valid_from desc) as choice
    from {{ ref('dim_alert_rules') }}
),

codes as (
    select
        'rule' as warning_kind,
        rule_code as warning_code,
        rule_class as warning_class,
        measures_inactivity,
        source_code,
        history_days,
        window_from,
        window_to
    from rules
    where choice = 1
    union all
    -- Compared with each other, so all of them count from the day on which the last of their signals can be measured.
    select
        'health_status' as warning_kind,
        statuses.health_status as warning_code,
        'warning' as warning_class,
        statuses.measures_inactivity,
        'events' as source_code,
        policy.usage_window_days + policy.usage_baseline_days as history_days,
        date '1900-01-01' as window_from,
        cast(null as date) as window_to
    from ({{ warning_statuses() }}) as statuses
    cross join {{ ref('policy') }} as policy
)

select
    codes.warning_kind,
    codes.warning_code,
    codes.warning_class,
    codes.measures_inactivity,
    codes.window_from as switched_on_date,
    case
        when codes.window_from > {{ add_days('sources.observed_from', 'codes.history_days') }} then codes.window_from
        else {{ add_days('sources.observed_from', 'codes.history_days') }}
    end as speaks_from,
    codes.window_to as speaks_to
from codes
left join {{ ref('dim_observation_starts') }} as sources
    on codes.source_code = sources.source_code
