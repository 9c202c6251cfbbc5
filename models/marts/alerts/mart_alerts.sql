select
    alerts.alert_id,
    alerts.customer_id,
    customers.display_name as customer_display_name,
    alerts.rule_code,
    alerts.signal_code,
    severities.severity,
    alerts.severity as opened_severity_value,
    severities.gravest_rule_code,
    case
        when alerts.backlog_place is not null and outcomes.alert_status = 'open' then 'backlog'
        when alerts.is_spared and outcomes.alert_status = 'open' then 'spared'
        else outcomes.alert_status
    end as alert_status,
    outcomes.close_reason,
    outcomes.outcome_state,
    outcomes.segment_code,
    outcomes.customer_status,
    severities.reason as signal_reason,
    alerts.owner_employee_id,
    owners.display_name as owner_display_name,
    alerts.owner_source,
    alerts.queue_code,
    severities.playbook_code,
    outcomes.acted_channel_code,
    case
        when alerts.backlog_place is not null then 'daily_budget'
        when alerts.is_spared and not outcomes.is_closed then 'hold_out'
    end as held_back_reason,
    alerts.observed_value as observed_score,
    alerts.expected_value as expected_score,
    alerts.expected_loss as expected_loss_amount,
    cast(alerts.list_place as bigint) as list_order,
    cast(alerts.backlog_place as bigint) as backlog_order,
    cast(outcomes.reopenings_count as bigint) as reopenings_count,
    cast({{ days_between(
        'alerts.opened_date', business_date('coalesce(outcomes.closed_at, run_context.as_of_end_at)')
    ) }} - 1 as bigint) as open_days,
    cast(case
        when outcomes.acted_at is not null
            then {{ days_between(business_date('alerts.opened_at'), business_date('outcomes.acted_at')) }}
    end as bigint) as days_to_act,
    outcomes.is_paying,
    not outcomes.is_closed as is_open,
    alerts.list_place is not null and outcomes.acted_at is null
    and coalesce(alerts.due_at < run_context.as_of_end_at, false) as is_overdue,
    alerts.is_do_not_disturb,
    alerts.is_spared,
    outcomes.is_mature as is_complete,
    alerts.opened_date,
    alerts.listed_date,
    outcomes.churned_date,
    alerts.rule_valid_from,
    alerts.opened_at,
    alerts.due_at,
    outcomes.acknowledged_at,
    outcomes.acted_at,
    outcomes.closed_at
from {{ ref('int_alerts__opened') }} as alerts
inner join {{ ref('int_alerts__outcomes') }} as outcomes
    on alerts.alert_id = outcomes.alert_id
inner join {{ ref('int_alerts__severities') }} as severities
    on alerts.alert_id = severities.alert_id
cross join {{ ref('run_context') }} as run_context
left join {{ ref('dim_customers') }} as customers
    on alerts.customer_id = customers.customer_id
left join {{ ref('dim_employee_names') }} as owners
    on alerts.owner_employee_id = owners.employee_id
