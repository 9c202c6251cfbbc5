-- Prevents an alert that contradicts its own history: opened twice, or closed and still on the list.
with transitions as (
    select
        alert_id,
        min(transition_at) as opened_at,
        count(case when transition_kind = 'opened' then 1 end) as opened_count,
        count(case when transition_kind in ('opened', 'reopened') then 1 end)
        - count(case when transition_kind in {{ alert_endings() }} then 1 end)
            as open_count
    from {{ ref('mart_alert_transitions') }}
    group by alert_id
)

select
    coalesce(transitions.alert_id, alerts.alert_id) as alert_id,
    alerts.is_open,
    transitions.opened_count,
    transitions.open_count
from transitions
full outer join {{ ref('mart_alerts') }} as alerts
    on transitions.alert_id = alerts.alert_id
where transitions.alert_id is null
    or alerts.alert_id is null
    or transitions.opened_at <> alerts.opened_at
    or transitions.opened_count <> 1
    or transitions.open_count <> case when alerts.is_open then 1 else 0 end
