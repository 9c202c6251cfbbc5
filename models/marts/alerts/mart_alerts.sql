with transitions as (
    select * from {{ ref('mart_alert_transitions') }}
),

lives as (
    select
        alert_id,
        count(case when transition_kind = 'reopened' then 1 end) as reopenings_count,
        min(case when transition_kind = 'acknowledged' then transition_at end) as acknowledged_at,
        min(case when transition_kind = 'acted' then transition_at end) as acted_at,
        max(transition_order) as last_order
    from transitions
    group by alert_id
),

departed as (
    select
        alerts.alert_id,
        min(departures.recognised_date) as churned_date
    from {{ ref('int_alerts__opened') }} as alerts
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('int_alerts__departures') }} as departures
        on alerts.customer_id = departures.customer_id
        and departures.recognised_date > alerts.opened_date
        and {{ days_between('alerts.opened_date', 'departures.churned_date') }} <= policy.alert_outcome_days
    group by alerts.alert_id
),

told as (
    select
        alerts.*,
        lives.reopenings_count,
        lives.acknowledged_at,
        lives.acted_at,
        departed.churned_date,
        last_transitions.transition_kind as last_kind,
        last_transitions.transition_kind not in ('opened', 'reopened', 'acknowledged', 'acted') as is_closed,
        case
            when last_transitions.transition_kind not in ('opened', 'reopened', 'acknowledged', 'acted')
                then last_transitions.transition_at
        end as closed_at,
        acts.channel_code as acted_channel_code,
        segments.segment_code,
        status.status as customer_status,
        status.is_paying,
        -- Whoever left on the last day is known after the grace.
        {{ days_between('alerts.opened_date', 'run_context.as_of_date') }}
        >= policy.alert_outcome_days + policy.churn_grace_days as is_mature,
        next_days.date_day as next_working_date,
        run_context.as_of_end_at
    from {{ ref('int_alerts__opened') }} as alerts
    cross join {{ ref('run_context') }} as run_context
    inner join lives
        on alerts.alert_id = lives.alert_id
    inner join transitions as last_transitions
        on lives.alert_id = last_transitions.alert_id
        and lives.last_order = last_transitions.transition_order
    left join transitions as acts
        on lives.alert_id = acts.alert_id
        and lives.acted_at = acts.transition_at
        and acts.transition_kind = 'acted'
    left join departed
        on alerts.alert_id = departed.alert_id
    left join {{ ref('dim_customer_segments') }} as segments
        on alerts.customer_id = segments.customer_id
        and segments.scheme = 'usage'
        and {{ holds_at('segments', 'alerts.opened_date') }}
    {{ attributes_as_of('alerts', 'alerts.opened_date', ['status']) }}
    -- The working day whose list this night makes.
    inner join {{ ref('dim_working_days') }} as next_days
        on next_days.is_working_day
    inner join {{ ref('dim_working_days') }} as tomorrow
        on tomorrow.date_day = {{ business_date('run_context.as_of_end_at') }}
        and next_days.working_day_number = tomorrow.working_day_number
    cross join {{ ref('policy') }} as policy
)

select
    alert_id,
    customer_id,
    rule_code,
    signal_code,
    severity,
    case when last_kind in ('opened', 'reopened') then 'open' else last_kind end as alert_status,
    case when is_closed then last_kind end as close_reason,
    case
        when churned_date is not null then 'churned'
        when last_kind = 'dismissed' then 'false_alarm'
        when not is_mature then 'pending'
        when acted_at is not null then 'saved'
        else 'stayed'
    end as outcome_state,
    coalesce(segment_code, 'unassigned') as segment_code,
    customer_status,
    reason as signal_reason,
    owner_employee_id,
    owner_source,
    queue_code,
    playbook_code,
    acted_channel_code,
    case
        when not is_closed and coalesce(released_date > next_working_date, true) then 'daily_budget'
    end as held_back_reason,
    observed_value as observed_score,
    expected_value as expected_score,
    cast(reopenings_count as bigint) as reopenings_count,
    cast({{ days_between('opened_date', business_date('coalesce(closed_at, as_of_end_at)')) }} - 1 as bigint)
        as open_days,
    cast(case
        when acted_at is not null then {{ days_between(business_date('opened_at'), business_date('acted_at')) }}
    end as bigint) as days_to_act,
    is_paying,
    not is_closed as is_open,
    not is_closed and acted_at is null and coalesce(due_at < as_of_end_at, false) as is_overdue,
    is_silent as is_do_not_disturb,
    is_mature as is_complete,
    opened_date,
    released_date,
    churned_date,
    rule_valid_from,
    opened_at,
    due_at,
    acknowledged_at,
    acted_at,
    closed_at
from told
