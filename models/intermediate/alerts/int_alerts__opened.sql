-- An alert as it was at its opening, with the day on which it enters a list and the deadline that follows from it.
with timed as (
    select
        assigned.*,
        listed.arrival_number,
        listed.listed_number,
        policy.working_day_start_hour,
        policy.working_day_end_hour - policy.working_day_start_hour as day_hours,
        ceil(1.0 * assigned.sla_hours / (policy.working_day_end_hour - policy.working_day_start_hour)) - 1 as full_days
    from {{ ref('int_alerts__assigned') }} as assigned
    inner join {{ ref('int_alerts__listed') }} as listed
        on assigned.alert_id = listed.alert_id
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
    timed.expires_after_days,
    timed.is_do_not_disturb,
    timed.opened_date,
    timed.rule_valid_from,
    timed.window_to,
    arrivals.date_day as arrival_date,
    -- A day whose deadline lies beyond the calendar does not count.
    case when deadlines.date_day is not null then listings.date_day end as listed_date,
    timed.opened_at,
    -- Working hours are counted from the morning of the day on which the alert enters the list.
    {{ clock_moment('cast(' ~ dbt.dateadd(
        'minute',
        'cast(round(60 * (timed.working_day_start_hour + timed.sla_hours - timed.full_days * timed.day_hours)) as integer)',
        'cast(deadlines.date_day as timestamp)'
    ) ~ ' as timestamp)') }} as due_at
from timed
inner join {{ ref('dim_working_days') }} as arrivals
    on timed.arrival_number = arrivals.working_day_number
    and arrivals.is_working_day
left join {{ ref('dim_working_days') }} as listings
    on timed.listed_number = listings.working_day_number
    and listings.is_working_day
left join {{ ref('dim_working_days') }} as deadlines
    on timed.listed_number + timed.full_days = deadlines.working_day_number
    and deadlines.is_working_day
