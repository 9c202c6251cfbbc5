-- What an alert is at its opening: rule and signal of that day, its owner, and what to do. Whether it is held out
-- follows from its id and the row of the rule of that day, so a switch today changes no alert of the past.
with first_episodes as (
    select
        alert_id,
        customer_id,
        rule_code,
        signal_code,
        rule_valid_from,
        opened_date,
        -- It is known when its day has closed.
        {{ day_start_at(add_days('opened_date', 1)) }} as opened_at
    from {{ ref('int_alerts__members') }}
    where member_order = 1
),

signals as (
    select
        alerts.alert_id,
        signals.severity,
        signals.reason,
        signals.observed_value,
        signals.expected_value,
        row_number() over (
            partition by alerts.alert_id
            -- An alert may open within a bridged gap: then the last words before the gap count.
            order by
                case when signals.valid_to is null or signals.valid_to > alerts.opened_date then 0 else 1 end asc,
                {{ severity_rank('signals.severity') }} desc,
                signals.valid_from desc,
                signals.reason asc
        ) as choice
    from first_episodes as alerts
    inner join {{ ref('int_signals__unioned') }} as signals
        on alerts.customer_id = signals.customer_id
        and alerts.signal_code = signals.signal_code
        and signals.valid_from <= alerts.opened_date
    where signals.suppressed_by is null
),

-- The latest position of every employee up to a day of openings: days and employees are fewer than alerts.
positions as (
    select
        opening_days.opened_date,
        employees.employee_id,
        employees.manager_id,
        coalesce(employees.left_at, {{ end_of_time('timestamp') }}) > opening_days.opened_date as is_employed,
        row_number() over (
            partition by opening_days.opened_date, employees.employee_id order by employees.valid_from desc
        ) as choice
    from (select distinct opened_date from first_episodes) as opening_days
    inner join {{ ref('dim_employees') }} as employees
        on employees.valid_from <= opening_days.opened_date
),

owned as (
    select
        alerts.*,
        rules.fallback_team as queue_code,
        rules.sla_hours,
        rules.playbook_code,
        rules.holdout_pct,
        {{ percent_bucket('alerts.alert_id') }} < rules.holdout_pct as is_spared,
        coalesce(rules.severity, signals.severity) as severity,
        signals.reason,
        signals.observed_value,
        signals.expected_value,
        case
            when positions.is_employed or (owners.employee_id is not null and positions.employee_id is null)
                then owners.employee_id
        end as responsible_id,
        positions.manager_id
    from first_episodes as alerts
    inner join {{ ref('dim_alert_rules') }} as rules
        on alerts.rule_code = rules.rule_code
        and alerts.rule_valid_from = rules.valid_from
    left join signals
        on alerts.alert_id = signals.alert_id
        and signals.choice = 1
    left join {{ ref('dim_customer_owners') }} as owners
        on alerts.customer_id = owners.customer_id
        and rules.owner_role = owners.role
        and {{ holds_at('owners', 'alerts.opened_at') }}
    left join positions
        on alerts.opened_date = positions.opened_date
        and owners.employee_id = positions.employee_id
        and positions.choice = 1
),

do_not_disturb as (
    select distinct alerts.alert_id
    from first_episodes as alerts
    inner join {{ ref('dim_customer_dnd') }} as flags
        on alerts.customer_id = flags.customer_id
        and {{ holds_at('flags', 'alerts.opened_at') }}
)

select
    owned.alert_id,
    owned.customer_id,
    owned.rule_code,
    owned.signal_code,
    owned.severity,
    owned.reason,
    case
        when owned.is_spared then null
        when owned.responsible_id is not null then owned.responsible_id
        when managers.is_employed then managers.employee_id
    end as owner_employee_id,
    case
        when owned.is_spared then 'none'
        when owned.responsible_id is not null then 'owner'
        when managers.is_employed then 'manager'
        else 'queue'
    end as owner_source,
    case
        when not owned.is_spared and owned.responsible_id is null and not coalesce(managers.is_employed, false)
            then owned.queue_code
    end as queue_code,
    case
        when do_not_disturb.alert_id is not null and playbooks.is_contact then playbooks.quiet_playbook_code
        else owned.playbook_code
    end as playbook_code,
    owned.observed_value,
    owned.expected_value,
    owned.sla_hours,
    owned.holdout_pct,
    do_not_disturb.alert_id is not null as is_do_not_disturb,
    owned.is_spared,
    owned.opened_date,
    owned.rule_valid_from,
    owned.opened_at
from owned
inner join {{ ref('playbooks') }} as playbooks
    on owned.playbook_code = playbooks.playbook_code
left join do_not_disturb
    on owned.alert_id = do_not_disturb.alert_id
left join positions as managers
    on owned.opened_date = managers.opened_date
    and owned.manager_id = managers.employee_id
    and managers.choice = 1
