{{ config(materialized=inlined('view')) }}
-- The list of each working day, made at the close of the day before: what is open and not acted on by then, by expected
-- loss. It follows from that day's rows alone, so a later run gives the same lists.
with alerts as (
    select
        assigned.alert_id,
        assigned.customer_id,
        assigned.opened_date,
        assigned.opened_at,
        assigned.owner_source = 'queue' as is_desk,
        coalesce(assigned.owner_employee_id, assigned.queue_code) as owner_code,
        case assigned.owner_source
            when 'queue' then policy.alert_budget_queue else policy.alert_budget_owner
        end as daily_budget
    from {{ ref('int_alerts__assigned') }} as assigned
    cross join {{ ref('policy') }} as policy
    where not assigned.is_spared
),

revenues as (
    {{ mrr_at('alerts', ['alert_id'], 'alerts.opened_date') }}
),

waiting_periods as (
    select
        alert_id,
        min(case when transition_kind in ('opened', 'reopened') then transition_at end) as valid_from,
        coalesce(
            min(case when transition_kind = 'acted' or transition_kind in {{ alert_endings() }} then transition_at end),
            {{ end_of_time('timestamp') }}
        ) as valid_to
    from {{ ref('int_alerts__transitions') }}
    group by alert_id, episode_order
),

-- What joins an alert raises its risk from then on. Put together before the days: each condition with all of its later
-- days would be ten times as many rows.
risks as (
    select
        waiting_periods.alert_id,
        greatest(waiting_periods.valid_from, members.opened_at) as valid_from,
        waiting_periods.valid_to,
        rules.risk_pct
    from waiting_periods
    inner join {{ ref('int_alerts__members') }} as members
        on waiting_periods.alert_id = members.alert_id
    inner join {{ ref('dim_alert_rules') }} as rules
        on members.rule_code = rules.rule_code
        and members.rule_valid_from = rules.valid_from
),

list_days as (
    select
        workdays.date_day as list_date,
        workdays.working_day_number,
        {{ day_start_at('workdays.date_day') }} as made_at,
        workdays.working_day_number = tomorrow.working_day_number as is_next
    from {{ ref('run_context') }} as run_context
    inner join {{ ref('dim_working_days') }} as tomorrow
        on {{ business_date('run_context.as_of_end_at') }} = tomorrow.date_day
    inner join {{ ref('dim_working_days') }} as workdays
        on tomorrow.working_day_number >= workdays.working_day_number
        and workdays.is_working_day
),

waiting as (
    select
        risks.alert_id,
        list_days.list_date,
        list_days.working_day_number,
        list_days.is_next,
        max(risks.risk_pct) as risk_pct
    from risks
    inner join list_days
        on risks.valid_from <= list_days.made_at
        and risks.valid_to > list_days.made_at
    group by risks.alert_id, list_days.list_date, list_days.working_day_number, list_days.is_next
),

valued as (
    select
        waiting.*,
        alerts.is_desk,
        alerts.owner_code,
        alerts.daily_budget,
        alerts.opened_at,
        cast({{ rounded('coalesce(revenues.converted_mrr, 0) * waiting.risk_pct / 100', 2) }} as decimal(18, 2))
            as expected_loss
    from waiting
    inner join alerts
        on waiting.alert_id = alerts.alert_id
    left join revenues
        on waiting.alert_id = revenues.alert_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by is_desk, owner_code, list_date
            order by expected_loss desc, risk_pct desc, opened_at asc, alert_id asc
        ) as place
    from valued
)

select
    alert_id,
    is_desk,
    owner_code,
    list_date,
    working_day_number,
    place,
    case when place > daily_budget then place - daily_budget end as backlog_place,
    place <= daily_budget as is_listed,
    is_next,
    expected_loss
from ranked
