-- An alert as it was at its opening, with the working day on which it enters the list of its owner and the deadline
-- that follows. A list takes `alert_budget_*` new alerts a working day: those that arrive on it first, by severity;
-- older ones fill the free places of later days in order of arrival.
with alerts as (
    select
        assigned.*,
        coalesce(assigned.owner_employee_id, assigned.queue_code) as list_code,
        case assigned.owner_source
            when 'queue' then policy.alert_budget_queue else policy.alert_budget_owner
        end as daily_budget,
        arrivals.working_day_number as arrival_number
    from {{ ref('int_alerts__assigned') }} as assigned
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('dim_working_days') }} as arrivals
        on {{ business_date('assigned.opened_at') }} = arrivals.date_day
),

ranked as (
    select
        *,
        row_number() over (
            partition by owner_source, list_code, arrival_number
            order by opened_date asc, {{ severity_rank('severity') }} desc, alert_id asc
        ) as place
    from alerts
    where severity <> 'high'
),

postponed as (
    select
        alert_id,
        owner_source,
        list_code,
        daily_budget,
        arrival_number,
        row_number() over (partition by owner_source, list_code order by arrival_number, place) as place
    from ranked
    where place > daily_budget
),

full_lists as (
    select
        owner_source,
        list_code,
        daily_budget,
        min(arrival_number) as first_number
    from postponed
    group by owner_source, list_code, daily_budget
),

same_day as (
    select
        owner_source,
        list_code,
        arrival_number,
        count(*) as alerts_count
    from ranked
    where place <= daily_budget
    group by owner_source, list_code, arrival_number
),

free_places as (
    select
        full_lists.owner_source,
        full_lists.list_code,
        working_days.working_day_number,
        full_lists.daily_budget - coalesce(same_day.alerts_count, 0) as free_count,
        sum(full_lists.daily_budget - coalesce(same_day.alerts_count, 0)) over (
            partition by full_lists.owner_source, full_lists.list_code order by working_days.working_day_number
            rows between unbounded preceding and current row
        ) as free_to_date_count
    from full_lists
    inner join {{ ref('dim_working_days') }} as working_days
        on full_lists.first_number <= working_days.working_day_number
        and working_days.is_working_day
    left join same_day
        on full_lists.owner_source = same_day.owner_source
        and full_lists.list_code = same_day.list_code
        and working_days.working_day_number = same_day.arrival_number
),

-- free_place(n) = max(free_place(n - 1) + 1, first free place after the day of arrival), as a running maximum.
placed as (
    select
        postponed.alert_id,
        postponed.owner_source,
        postponed.list_code,
        postponed.place + max(free_places.free_to_date_count + 1 - postponed.place) over (
            partition by postponed.owner_source, postponed.list_code order by postponed.place
            rows between unbounded preceding and current row
        ) as free_place
    from postponed
    inner join free_places
        on postponed.owner_source = free_places.owner_source
        and postponed.list_code = free_places.list_code
        and postponed.arrival_number = free_places.working_day_number
),

numbered as (
    select
        alert_id,
        arrival_number as listed_number
    from ranked
    where place <= daily_budget
    union all
    select
        placed.alert_id,
        free_places.working_day_number as listed_number
    from placed
    inner join free_places
        on placed.owner_source = free_places.owner_source
        and placed.list_code = free_places.list_code
        and placed.free_place <= free_places.free_to_date_count
        and placed.free_place > free_places.free_to_date_count - free_places.free_count
    union all
    select
        alert_id,
        arrival_number as listed_number
    from alerts
    where severity = 'high'
),

timed as (
    select
        alerts.*,
        numbered.listed_number,
        policy.working_day_start_hour,
        policy.working_day_end_hour - policy.working_day_start_hour as day_hours,
        ceil(1.0 * alerts.sla_hours / (policy.working_day_end_hour - policy.working_day_start_hour)) - 1 as full_days
    from alerts
    left join numbered
        on alerts.alert_id = numbered.alert_id
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
    timed.is_do_not_disturb,
    timed.opened_date,
    timed.rule_valid_from,
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
