{{ config(materialized=inlined('view')) }}
-- The gravest that an alert has seen: it rises when a graver condition of its cause joins or an inactivity lasts, and
-- does not fall while the alert is open.
with opened as (
    select
        alerts.*,
        {{ severity_rank('alerts.severity') }} as severity_rank
    from {{ ref('int_alerts__assigned') }} as alerts
),

seen as (
    select
        alert_id,
        rule_code,
        reason,
        severity_rank,
        sla_hours,
        playbook_code,
        opened_date as seen_date
    from opened
    union all
    select
        members.alert_id,
        members.rule_code,
        signals.reason,
        {{ severity_rank('coalesce(rules.severity, signals.severity)') }} as severity_rank,
        rules.sla_hours,
        rules.playbook_code,
        greatest(members.opened_date, signals.valid_from) as seen_date
    from {{ ref('int_alerts__members') }} as members
    inner join {{ ref('dim_alert_rules') }} as rules
        on members.rule_code = rules.rule_code
        and members.rule_valid_from = rules.valid_from
    inner join {{ ref('int_signals__unioned') }} as signals
        on members.customer_id = signals.customer_id
        and members.signal_code = signals.signal_code
        and signals.suppressed_by is null
        and {{ day_start_at('signals.valid_from') }} < members.closed_at
        and coalesce(signals.valid_to, {{ end_of_time('timestamp') }}) > members.opened_date
),

ranked as (
    select
        *,
        row_number() over (
            partition by alert_id order by severity_rank desc, sla_hours asc, seen_date asc, rule_code asc, reason asc
        ) as choice
    from seen
)

select
    opened.alert_id,
    ranked.rule_code as gravest_rule_code,
    case ranked.severity_rank when opened.severity_rank then opened.severity else {{ ranked_severity(
        'ranked.severity_rank'
    ) }} end as severity,
    -- Other words of the same condition change nothing.
    case
        when ranked.rule_code = opened.rule_code and ranked.severity_rank = opened.severity_rank then opened.reason
        else ranked.reason
    end as reason,
    case
        when ranked.rule_code = opened.rule_code then opened.playbook_code
        when opened.is_do_not_disturb and playbooks.is_contact then playbooks.quiet_playbook_code
        else playbooks.playbook_code
    end as playbook_code
from opened
inner join ranked
    on opened.alert_id = ranked.alert_id
    and ranked.choice = 1
inner join {{ ref('playbooks') }} as playbooks
    on ranked.playbook_code = playbooks.playbook_code
