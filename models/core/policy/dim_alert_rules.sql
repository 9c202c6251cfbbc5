-- Active rows of one rule without a gap between them form one window: a changed number does not end an alert, switching
-- the rule off does. A rule whose signal needs what policy does not name cannot open an alert, so it is off too; its
-- recall would be 0 and not unknown.
with active as (
    select
        rules.*,
        case
            when rules.valid_from
                = lag(rules.valid_to) over (partition by rules.rule_code order by rules.valid_from)
                then 0
            else 1
        end as is_new_window
    from {{ ref('alert_rules') }} as rules
    where rules.is_active
        and (
            rules.signal_code <> 'onboarding_stalled'
            or exists (
                select 1
                from {{ ref('key_actions') }} as actions
                where actions.is_required
            )
        )
        and (
            rules.signal_code <> 'component_abandoned'
            or exists (select 1 from {{ ref('components') }})
        )
),

numbered as (
    select
        active.*,
        sum(active.is_new_window) over (
            partition by active.rule_code order by active.valid_from
            rows between unbounded preceding and current row
        ) as window_number
    from active
)

select
    rule_code,
    signal_code,
    title,
    coalesce(cause_code, rule_code) as cause_code,
    rule_class,
    measures_inactivity,
    source_code,
    history_days,
    risk_pct,
    holdout_pct,
    severity,
    min_severity,
    owner_role,
    fallback_team,
    playbook_code,
    origin,
    reason,
    sla_hours,
    open_after_days,
    resolve_after_days,
    cooldown_days,
    expires_after_days,
    valid_from,
    valid_to,
    min(valid_from) over (partition by rule_code, window_number) as window_from,
    case
        when count(*) over (partition by rule_code, window_number)
            = count(valid_to) over (partition by rule_code, window_number)
            then max(valid_to) over (partition by rule_code, window_number)
    end as window_to
from numbered
