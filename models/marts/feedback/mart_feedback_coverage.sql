with run_context as (
    select * from {{ ref('run_context') }}
),

asked as (
    select
        schedule.*,
        schedule.trigger_kind = 'service' as is_service,
        {{ add_time('hour', 'schedule.reached_at', 'policy.ask_after_service_hours') }}
            as soon_until_at,
        {{ elapsed_seconds('schedule.reached_at', 'schedule.sent_at') }} / 3600.0 as hours_to_ask,
        run_context.as_of_end_at
    from {{ ref('mart_survey_schedule') }} as schedule
    cross join run_context
    cross join {{ ref('policy') }} as policy
    where schedule.schedule_state <> 'upcoming'
        and schedule.stage_code is not null
),

scheduled as (
    select
        due_month as feedback_month,
        stage_code,
        touchpoint_code,
        count(*) as asked_den,
        count(sent_at) as asked_num,
        count(case when suppress_reason is not null then 1 end) as suppressed_count,
        count(case when schedule_state = 'missed' and suppress_reason is null then 1 end) as missed_count,
        count(case when is_service then 1 end) as services_count,
        count(case when is_service and soon_until_at <= as_of_end_at then 1 end) as asked_soon_den,
        count(case when is_service and soon_until_at <= as_of_end_at and sent_at <= soon_until_at then 1 end)
            as asked_soon_num,
        percentile_cont(0.5) within group (order by case when is_service then hours_to_ask end) as median_to_ask_hours
    from asked
    group by due_month, stage_code, touchpoint_code
),

invited as (
    select
        {{ period_start('month', 'sent_date') }} as feedback_month,
        stage_code,
        touchpoint_code,
        count(*) as invited_count,
        count(coalesce(delivered_at, shown_at, answered_at)) as answered_den,
        count(answered_at) as answered_num
    from {{ ref('fct_survey_invitation_outcomes') }}
    group by {{ period_start('month', 'sent_date') }}, stage_code, touchpoint_code
),

-- A touchpoint without any feedback must be seen, so the map and the calendar make the rows; one that is not on the map
-- is shown as well.
places as (
    select
        stage_code,
        touchpoint_code
    from {{ ref('journey_stages') }}
    union
    select
        stage_code,
        touchpoint_code
    from invited
    where stage_code is not null
        and touchpoint_code is not null
),

months as (
    select distinct dates.month_start_date as feedback_month
    from {{ ref('dim_dates') }} as dates
    where dates.month_start_date >= {{ period_start('month', observed_from('surveys')) }}
)

select
    places.stage_code,
    places.touchpoint_code,
    stage_map.survey_code,
    cast(coalesce(scheduled.asked_num, 0) as bigint) as asked_num,
    cast(coalesce(scheduled.asked_den, 0) as bigint) as asked_den,
    {{ pct('scheduled.asked_num', 'scheduled.asked_den') }} as asked_pct,
    cast(coalesce(scheduled.suppressed_count, 0) as bigint) as suppressed_count,
    cast(coalesce(scheduled.missed_count, 0) as bigint) as missed_count,
    cast(coalesce(scheduled.services_count, 0) as bigint) as services_count,
    cast(coalesce(scheduled.asked_soon_num, 0) as bigint) as asked_soon_num,
    cast(coalesce(scheduled.asked_soon_den, 0) as bigint) as asked_soon_den,
    {{ pct('scheduled.asked_soon_num', 'scheduled.asked_soon_den') }} as asked_soon_pct,
    cast(scheduled.median_to_ask_hours as double) as median_to_ask_hours,
    cast(coalesce(invited.invited_count, 0) as bigint) as invited_count,
    cast(coalesce(invited.answered_num, 0) as bigint) as answered_num,
    cast(coalesce(invited.answered_den, 0) as bigint) as answered_den,
    {{ pct('invited.answered_num', 'invited.answered_den') }} as answered_pct,
    coalesce(stage_map.is_feedback_required, false) as is_feedback_required,
    coalesce(invited.answered_num, 0) > 0 as has_feedback,
    {{ add_days(
        add_months('months.feedback_month', '1'), 'policy.late_answer_days'
    ) }} <= run_context.as_of_date as is_complete,
    coalesce(invited.answered_den, 0) >= policy.min_reliable_count as is_reliable,
    months.feedback_month
from months
cross join places
cross join run_context
left join {{ ref('journey_stages') }} as stage_map
    on places.stage_code = stage_map.stage_code
    and places.touchpoint_code = stage_map.touchpoint_code
left join scheduled
    on months.feedback_month = scheduled.feedback_month
    and places.stage_code = scheduled.stage_code
    and places.touchpoint_code = scheduled.touchpoint_code
left join invited
    on months.feedback_month = invited.feedback_month
    and places.stage_code = invited.stage_code
    and places.touchpoint_code = invited.touchpoint_code
cross join {{ ref('policy') }} as policy
