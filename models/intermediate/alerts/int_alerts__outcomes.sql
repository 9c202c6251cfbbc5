{{ config(materialized=inlined('view')) }}
-- How each alert went on after its opening, and what the customer did.
with alerts as (
    select
        alert_id,
        customer_id,
        rule_code,
        opened_date
    from {{ ref('int_alerts__members') }}
    where member_order = 1
),

transitions as (
    select * from {{ ref('int_alerts__transitions') }}
),

lives as (
    select
        alert_id,
        count(case when transition_kind = 'reopened' then 1 end) as reopenings_count,
        min(case when transition_kind = 'acknowledged' then transition_at end) as acknowledged_at,
        min(case when transition_kind = 'acted' then transition_at end) as acted_at,
        max(case when transition_kind <> 'joined' then transition_order end) as last_order
    from transitions
    group by alert_id
),

churned as (
    select
        alerts.alert_id,
        min(ends.recognised_date) as churned_date,
        min(ends.churned_date) <= alerts.opened_date as is_churned_before
    from alerts
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('int_alerts__access_ends') }} as ends
        on alerts.customer_id = ends.customer_id
        and ends.recognised_date > alerts.opened_date
        and {{ days_between('alerts.opened_date', 'ends.churned_date') }} <= policy.alert_outcome_days
    group by alerts.alert_id, alerts.opened_date
),

joined as (
    select
        alerts.*,
        lives.reopenings_count,
        lives.acknowledged_at,
        lives.acted_at,
        churned.churned_date,
        churned.is_churned_before,
        last_transitions.transition_kind as last_kind,
        last_transitions.transition_at as last_at,
        last_transitions.transition_kind in {{ alert_endings() }} as is_closed,
        acts.channel_code as acted_channel_code,
        segments.segment_code,
        status.status as customer_status,
        status.is_paying,
        -- A churn on the last day of the window is known after the grace.
        {{ days_between('alerts.opened_date', 'run_context.as_of_date') }}
        >= policy.alert_outcome_days + policy.churn_grace_days as is_mature
    from alerts
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    inner join lives
        on alerts.alert_id = lives.alert_id
    inner join transitions as last_transitions
        on lives.alert_id = last_transitions.alert_id
        and lives.last_order = last_transitions.transition_order
    left join transitions as acts
        on lives.alert_id = acts.alert_id
        and lives.acted_at = acts.transition_at
        and acts.transition_kind = 'acted'
    left join churned
        on alerts.alert_id = churned.alert_id
    left join {{ ref('dim_customer_segments') }} as segments
        on alerts.customer_id = segments.customer_id
        and segments.scheme = 'usage'
        and {{ holds_at('segments', 'alerts.opened_date') }}
    {{ attributes_as_of('alerts', 'alerts.opened_date', ['status']) }}
)

select
    alert_id,
    customer_id,
    customer_status,
    is_paying,
    rule_code,
    case when last_kind in ('opened', 'reopened') then 'open' else last_kind end as alert_status,
    case when is_closed then last_kind end as close_reason,
    case
        when churned_date is not null and is_churned_before then 'churned_before'
        when churned_date is not null then 'churned'
        when last_kind = 'dismissed' then 'false_alarm'
        when not is_mature then 'pending'
        when acted_at is not null then 'stayed_after_action'
        else 'stayed_without_action'
    end as outcome_state,
    coalesce(segment_code, 'unassigned') as segment_code,
    acted_channel_code,
    reopenings_count,
    is_closed,
    is_mature,
    opened_date,
    churned_date,
    acknowledged_at,
    acted_at,
    case when is_closed then last_at end as closed_at
from joined
