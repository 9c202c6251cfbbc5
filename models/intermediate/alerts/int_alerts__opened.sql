-- What an alert is from its opening on: its rule and signal of that day, who gets it, what to do, and by when.
{% set budget = "case {} when 'queue' then policy.alert_budget_queue else policy.alert_budget_owner end" %}
with first_episodes as (
    select
        episodes.alert_id,
        episodes.customer_id,
        episodes.rule_code,
        episodes.signal_code,
        episodes.window_from,
        episodes.alert_opened_date as opened_date,
        -- It is known when its day has closed.
        {{ day_start_at(add_days('episodes.alert_opened_date', 1)) }} as opened_at
    from {{ ref('int_alerts__episodes') }} as episodes
    where episodes.episode_order = 1
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
            -- Of a day in a bridged gap, what was last said before it.
            order by
                case when signals.valid_to is null or signals.valid_to > alerts.opened_date then 0 else 1 end asc,
                {{ severity_rank('signals.severity') }} desc,
                signals.valid_from desc,
                signals.reason asc
        ) as choice
    from first_episodes as alerts
    inner join {{ ref('int_alert_signals__unioned') }} as signals
        on alerts.customer_id = signals.customer_id
        and alerts.signal_code = signals.signal_code
        and signals.valid_from <= alerts.opened_date
    where signals.suppressed_by is null
),

owned as (
    select
        alerts.*,
        rules.valid_from as rule_valid_from,
        rules.window_to,
        rules.fallback_team,
        rules.sla_hours,
        rules.expires_after_days,
        rules.playbook_code,
        coalesce(rules.severity, signals.severity) as severity,
        signals.reason,
        signals.observed_value,
        signals.expected_value,
        owners.employee_id as responsible_id
    from first_episodes as alerts
    inner join {{ ref('dim_alert_rules') }} as rules
        on alerts.rule_code = rules.rule_code
        and {{ holds_at('rules', 'alerts.opened_date') }}
    left join signals
        on alerts.alert_id = signals.alert_id
        and signals.choice = 1
    left join {{ ref('dim_customer_owners') }} as owners
        on alerts.customer_id = owners.customer_id
        and rules.owner_role = owners.role
        and {{ holds_at('owners', 'alerts.opened_at') }}
),

positions as (
    select
        owned.alert_id,
        employees.employee_id,
        employees.manager_id,
        employees.left_at,
        row_number() over (
            partition by owned.alert_id, employees.employee_id order by employees.valid_from desc
        ) as choice
    from owned
    inner join {{ ref('dim_employees') }} as employees
        on employees.valid_from <= owned.opened_date
    -- The owner, and whoever is the manager of the owner: decided below.
    where employees.employee_id = owned.responsible_id
),

managers as (
    select
        positions.alert_id,
        employees.employee_id,
        employees.left_at,
        row_number() over (partition by positions.alert_id order by employees.valid_from desc) as choice
    from positions
    inner join first_episodes as alerts
        on positions.alert_id = alerts.alert_id
    inner join {{ ref('dim_employees') }} as employees
        on positions.manager_id = employees.employee_id
        and employees.valid_from <= alerts.opened_date
    where positions.choice = 1
),

assigned as (
    select
        owned.*,
        case
            when owned.responsible_id is not null
                and coalesce(positions.left_at, {{ end_of_time('timestamp') }}) > owned.opened_date
                then 'owner'
            when managers.employee_id is not null
                and coalesce(managers.left_at, {{ end_of_time('timestamp') }}) > owned.opened_date
                then 'manager'
            else 'queue'
        end as owner_source,
        managers.employee_id as manager_id
    from owned
    left join positions
        on owned.alert_id = positions.alert_id
        and positions.choice = 1
    left join managers
        on owned.alert_id = managers.alert_id
        and managers.choice = 1
),

silent as (
    select distinct assigned.alert_id
    from assigned
    inner join {{ ref('dim_customer_dnd') }} as silences
        on assigned.customer_id = silences.customer_id
        and {{ holds_at('silences', 'assigned.opened_at') }}
),

placed as (
    select
        assigned.*,
        case assigned.owner_source
            when 'owner' then assigned.responsible_id
            when 'manager' then assigned.manager_id
        end as owner_employee_id,
        silent.alert_id is not null as is_silent,
        case
            when silent.alert_id is not null and playbooks.is_contact then playbooks.quiet_playbook_code
            else assigned.playbook_code
        end as given_playbook_code,
        arrivals.working_day_number as arrival_number,
        {{ budget.format('assigned.owner_source') }} as daily_budget
    from assigned
    inner join {{ ref('playbooks') }} as playbooks
        on assigned.playbook_code = playbooks.playbook_code
    left join silent
        on assigned.alert_id = silent.alert_id
    inner join {{ ref('dim_working_days') }} as arrivals
        on {{ business_date('assigned.opened_at') }} = arrivals.date_day
    cross join {{ ref('policy') }} as policy
),

-- A desk takes `daily_budget` alerts a working day. First come those of the day, of one opening day the gravest first.
queued as (
    select
        placed.alert_id,
        placed.owner_source,
        coalesce(placed.owner_employee_id, placed.fallback_team) as desk,
        placed.arrival_number,
        placed.daily_budget,
        row_number() over (
            partition by
                placed.owner_source, coalesce(placed.owner_employee_id, placed.fallback_team), placed.arrival_number
            order by placed.opened_date asc, {{ severity_rank('placed.severity') }} desc, placed.alert_id asc
        ) as place
    from placed
    where placed.severity <> 'high'
),

-- The others take, in the order of their arrival, what room the desk's next days leave.
waiting as (
    select
        alert_id,
        owner_source,
        desk,
        arrival_number,
        row_number() over (partition by owner_source, desk order by arrival_number, place) as place
    from queued
    where place > daily_budget
),

desks as (
    select
        owner_source,
        desk,
        min(arrival_number) as first_number
    from waiting
    group by owner_source, desk
),

taken as (
    select
        owner_source,
        desk,
        arrival_number,
        count(*) as alerts_count
    from queued
    where place <= daily_budget
    group by owner_source, desk, arrival_number
),

room as (
    select
        desks.owner_source,
        desks.desk,
        working_days.working_day_number,
        sum({{ budget.format('desks.owner_source') }} - coalesce(taken.alerts_count, 0)) over (
            partition by desks.owner_source, desks.desk order by working_days.working_day_number
            rows between unbounded preceding and current row
        ) as places_count,
        {{ budget.format('desks.owner_source') }} - coalesce(taken.alerts_count, 0) as free_count
    from desks
    inner join {{ ref('dim_working_days') }} as working_days
        on desks.first_number <= working_days.working_day_number
        and working_days.is_working_day
    left join taken
        on desks.owner_source = taken.owner_source
        and desks.desk = taken.desk
        and working_days.working_day_number = taken.arrival_number
    cross join {{ ref('policy') }} as policy
),

-- seat(n) = max(seat(n - 1) + 1, first seat after the day of arrival), written as a running maximum.
seated as (
    select
        waiting.alert_id,
        waiting.owner_source,
        waiting.desk,
        waiting.place + max(room.places_count + 1 - waiting.place) over (
            partition by waiting.owner_source, waiting.desk order by waiting.place
            rows between unbounded preceding and current row
        ) as seat
    from waiting
    inner join room
        on waiting.owner_source = room.owner_source
        and waiting.desk = room.desk
        and waiting.arrival_number = room.working_day_number
),

released as (
    select
        alert_id,
        arrival_number as released_number
    from queued
    where place <= daily_budget
    union all
    select
        seated.alert_id,
        room.working_day_number as released_number
    from seated
    inner join room
        on seated.owner_source = room.owner_source
        and seated.desk = room.desk
        and seated.seat <= room.places_count
        and seated.seat > room.places_count - room.free_count
    union all
    select
        alert_id,
        arrival_number as released_number
    from placed
    where severity = 'high'
),

timed as (
    select
        placed.*,
        released.released_number,
        ceil(
            placed.sla_hours / (policy.working_day_end_hour - policy.working_day_start_hour)
        ) - 1 as full_days
    from placed
    left join released
        on placed.alert_id = released.alert_id
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
    timed.fallback_team as queue_code,
    timed.given_playbook_code as playbook_code,
    timed.observed_value,
    timed.expected_value,
    timed.expires_after_days,
    timed.is_silent,
    timed.opened_date,
    timed.rule_valid_from,
    timed.window_to,
    arrivals.date_day as arrival_date,
    -- A day whose deadline lies beyond the calendar is none.
    case when deadlines.date_day is not null then releases.date_day end as released_date,
    timed.opened_at,
    -- Working hours are counted from the morning of the day on which it reaches the desk.
    {{ clock_moment('cast(' ~ dbt.dateadd(
        'minute',
        'cast(round(60 * (policy.working_day_start_hour + timed.sla_hours
            - timed.full_days * (policy.working_day_end_hour - policy.working_day_start_hour))) as integer)',
        'cast(deadlines.date_day as timestamp)'
    ) ~ ' as timestamp)') }} as due_at
from timed
inner join {{ ref('dim_working_days') }} as arrivals
    on timed.arrival_number = arrivals.working_day_number
    and arrivals.is_working_day
left join {{ ref('dim_working_days') }} as releases
    on timed.released_number = releases.working_day_number
    and releases.is_working_day
left join {{ ref('dim_working_days') }} as deadlines
    on timed.released_number + timed.full_days = deadlines.working_day_number
    and deadlines.is_working_day
cross join {{ ref('policy') }} as policy
