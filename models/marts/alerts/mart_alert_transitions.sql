select
    transitions.alert_id,
    transitions.customer_id,
    status.status as customer_status,
    transitions.rule_code,
    transitions.transition_kind,
    transitions.evidence_id,
    transitions.channel_code,
    cast(transitions.episode_order as bigint) as episode_order,
    cast(transitions.transition_order as bigint) as transition_order,
    status.is_paying,
    alerts.is_spared,
    transitions.transition_at
from {{ ref('int_alerts__transitions') }} as transitions
inner join {{ ref('int_alerts__assigned') }} as alerts
    on transitions.alert_id = alerts.alert_id
{{ attributes_as_of('transitions', business_date('transitions.transition_at'), ['status']) }}
