{{ config(materialized=inlined('view')) }}
-- An alert as it was at its opening, with its first working day on a list, the deadline that follows, and its place on
-- the next list or in the backlog behind it.
with lists as (
    select
        alert_id,
        min(case when is_listed then working_day_number end) as listed_number,
        max(case when is_next then expected_loss end) as expected_loss,
        max(case when is_next and is_listed then place end) as list_place,
        max(case when is_next then backlog_place end) as backlog_place
    from {{ ref('int_alerts__list_days') }}
    group by alert_id
),

timed as (
    select
        alerts.*,
        lists.listed_number,
        lists.expected_loss,
        lists.list_place,
        lists.backlog_place,
        policy.working_day_start_hour,
        policy.working_day_end_hour - policy.working_day_start_hour as day_hours,
        ceil(1.0 * alerts.sla_hours / (policy.working_day_end_hour - policy.working_day_start_hour)) - 1 as full_days
    from {{ ref('int_alerts__assigned') }} as alerts
    left join lists
        on alerts.alert_id = lists.alert_id
    cross join {{ ref('policy') }} as policy
)

select
    timed.alert_id,
    timed.customer_id,
    timed.rule_code,
    timed.signal_code,
    timed.severity,
    timed.reason,
    timed.owner_employee_id,
    timed.owner_source,
    timed.queue_code,
    timed.playbook_code,
    timed.observed_value,
    timed.expected_value,
    timed.expected_loss,
    timed.list_place,
    timed.backlog_place,
    timed.is_do_not_disturb,
    timed.is_spared,
    timed.opened_date,
    timed.rule_valid_from,
    listings.date_day as listed_date,
    timed.opened_at,
    -- Working hours are counted from the morning of the day on which the alert enters the list.
    {{ clock_moment('cast(' ~ dbt.dateadd(
        'minute',
        'cast(round(60 * (timed.working_day_start_hour + timed.sla_hours - timed.full_days * timed.day_hours)) as integer)',
        'cast(deadlines.date_day as timestamp)'
    ) ~ ' as timestamp)') }} as due_at
from timed
left join {{ ref('dim_working_days') }} as listings
    on timed.listed_number = listings.working_day_number
    and listings.is_working_day
left join {{ ref('dim_working_days') }} as deadlines
    on timed.listed_number + timed.full_days = deadlines.working_day_number
    and deadlines.is_working_day
