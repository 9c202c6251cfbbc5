{{ config(materialized=inlined('view')) }}
-- A customer counts on the first day on which the failures of a component add up, and is compared with customers who
-- used the component on such a day without a failure.
with failures as (
    select failed.*
    from {{ ref('fct_component_failures_daily') }} as failed
    inner join {{ ref('run_context') }} as run_context
        on failed.failure_date <= run_context.as_of_date
    -- Nobody uses a component that has no name.
    where failed.component_code <> '(none)'
),

added_up as (
    select
        failures.customer_id,
        failures.component_code,
        failures.failure_date
    from failures
    cross join {{ ref('policy') }} as policy
    inner join failures as earlier
        on failures.customer_id = earlier.customer_id
        and failures.component_code = earlier.component_code
        and earlier.failure_date <= failures.failure_date
        and earlier.failure_date > {{ add_days('failures.failure_date', '-policy.crash_window_days') }}
    group by failures.customer_id, failures.component_code, failures.failure_date, policy.crash_min_count
    having sum(earlier.failed_events_count) >= policy.crash_min_count
),

failing as (
    select
        customer_id,
        component_code,
        'failing' as group_code,
        min(failure_date) as landmark_date
    from added_up
    group by customer_id, component_code
),

landmarks as (
    select distinct
        component_code,
        landmark_date
    from failing
),

uses as (
    select
        customer_id,
        component_code,
        usage_date,
        events_count
    from {{ ref('fct_component_usage_daily') }}
    where component_code in (select landmarks.component_code from landmarks)
),

-- Uses enter the window on their day and leave it again, so that one running sum says how many each day has: joining
-- the days of a window would give as many rows as all customers have pairs of days.
window_changes as (
    select
        customer_id,
        component_code,
        usage_date as window_date,
        events_count as entered_count,
        1 as is_used
    from uses
    union all
    select
        uses.customer_id,
        uses.component_code,
        {{ add_days('uses.usage_date', 'policy.crash_window_days') }} as window_date,
        -1 * uses.events_count as entered_count,
        0 as is_used
    from uses
    cross join {{ ref('policy') }} as policy
),

-- Uses that leave the window on a day leave it before those of the day enter.
in_window as (
    select
        *,
        sum(entered_count) over (
            partition by customer_id, component_code order by window_date, is_used
            rows between unbounded preceding and current row
        ) as recent_count
    from window_changes
),

-- They used it often enough to fail as often.
users as (
    select
        in_window.customer_id,
        in_window.component_code,
        landmarks.landmark_date
    from in_window
    cross join {{ ref('policy') }} as policy
    inner join landmarks
        on in_window.component_code = landmarks.component_code
        and in_window.window_date = landmarks.landmark_date
    where in_window.is_used = 1
        and in_window.recent_count >= policy.crash_min_count
),

near_failures as (
    select distinct
        users.customer_id,
        users.component_code,
        users.landmark_date
    from users
    cross join {{ ref('policy') }} as policy
    inner join failures
        on users.customer_id = failures.customer_id
        and users.component_code = failures.component_code
        and failures.failure_date <= users.landmark_date
        and failures.failure_date > {{ add_days('users.landmark_date', '-policy.crash_window_days') }}
),

-- One of the days of a customer, drawn: the first one would compare with customers who have only begun.
drawn as (
    select
        users.*,
        row_number() over (
            partition by users.customer_id, users.component_code
            order by md5(users.customer_id || '|' || cast(users.landmark_date as {{ dbt.type_string() }}))
        ) as draw
    from users
    left join near_failures
        on users.customer_id = near_failures.customer_id
        and users.component_code = near_failures.component_code
        and users.landmark_date = near_failures.landmark_date
    where near_failures.customer_id is null
)

select * from failing
union all
select
    customer_id,
    component_code,
    'others' as group_code,
    landmark_date
from drawn
where draw = 1
