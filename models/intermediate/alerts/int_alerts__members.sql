-- Alerts of rules with one cause that follow one another without a pause are one alert, which begins with the first of
-- them: what one inactivity sets off reaches a person once. Whether a rule joins follows from the rows up to its day,
-- so a later run never changes it: an alert of the cause is open, or was resolved within its cooldown. After an ending
-- for good the next one is a new alert.
with episodes as (
    select
        transitions.alert_id as member_id,
        transitions.episode_order,
        min(case when transitions.transition_kind in ('opened', 'reopened') then transitions.transition_at end)
            as opened_at,
        min(case when transitions.transition_kind in {{ alert_endings() }} then transitions.transition_at end)
            as closed_at,
        max(case when transitions.transition_kind = 'resolved' then 1 else 0 end) as is_resolved
    from {{ ref('int_alerts__rule_transitions') }} as transitions
    group by transitions.alert_id, transitions.episode_order
),

spans as (
    select
        episodes.member_id,
        episodes.episode_order,
        alerts.customer_id,
        alerts.rule_code,
        alerts.signal_code,
        alerts.rule_valid_from,
        alerts.alert_opened_date as opened_date,
        rules.cause_code,
        rules.sla_hours,
        episodes.opened_at,
        coalesce(episodes.closed_at, {{ end_of_time('timestamp') }}) as closed_at,
        case
            when episodes.closed_at is null then {{ end_of_time('timestamp') }}
            when episodes.is_resolved = 1
                then {{ day_start_at(add_days(business_date('episodes.closed_at'), 'rules.cooldown_days')) }}
            else episodes.closed_at
        end as warm_until
    from episodes
    inner join {{ ref('int_alerts__episodes') }} as alerts
        on episodes.member_id = alerts.alert_id
        and episodes.episode_order = alerts.episode_order
    inner join {{ ref('dim_alert_rules') }} as rules
        on alerts.rule_code = rules.rule_code
        and alerts.rule_valid_from = rules.valid_from
),

-- Of several that open at one moment the most urgent is the first.
chained as (
    select
        *,
        max(warm_until) over (
            partition by customer_id, cause_code order by opened_at, sla_hours, member_id
            rows between unbounded preceding and 1 preceding
        ) as held_until
    from spans
),

islanded as (
    select
        *,
        sum(case
            -- The alerts of a rule on its own are what they are.
            when cause_code = rule_code then case when episode_order = 1 then 1 else 0 end
            when held_until is null or opened_at >= held_until then 1
            else 0
        end) over (
            partition by customer_id, cause_code order by opened_at, sla_hours, member_id
            rows between unbounded preceding and current row
        ) as island
    from chained
),

members as (
    select
        member_id,
        customer_id,
        rule_code,
        signal_code,
        rule_valid_from,
        cause_code,
        sla_hours,
        min(island) as island,
        min(opened_date) as opened_date,
        min(opened_at) as opened_at,
        max(closed_at) as closed_at
    from islanded
    group by member_id, customer_id, rule_code, signal_code, rule_valid_from, cause_code, sla_hours
)

select
    member_id,
    first_value(member_id) over in_order as alert_id,
    customer_id,
    rule_code,
    signal_code,
    rule_valid_from,
    row_number() over in_order as member_order,
    opened_date,
    opened_at,
    closed_at
from members
window in_order as (partition by customer_id, cause_code, island order by opened_at, sla_hours, member_id)
