with scheduled as (
    select
        {{ period_start('month', 'schedule.due_date') }} as due_month,
        schedule.stage_code,
        schedule.touchpoint_code,
        schedule.trigger_type = 'service' as is_service,
        schedule.schedule_state,
        schedule.suppress_reason,
        schedule.reached_at,
        schedule.sent_at,
        {{ add_time('hour', 'schedule.reached_at', 'policy.ask_after_service_hours') }} as soon_until_at,
        run_context.as_of_end_at
    from {{ ref('int_feedback__survey_schedule') }} as schedule
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where schedule.schedule_state <> 'upcoming'
),

due as (
    select
        due_month,
        case when grouping(stage_code) = 0 then 'touchpoint' else 'all' end as dimension_name,
        case when grouping(stage_code) = 0 then stage_code else 'all' end as stage_code,
        case when grouping(stage_code) = 0 then touchpoint_code else 'all' end as touchpoint_code,
        count(*) as due_count,
        count(sent_at) as asked_count,
        count(suppress_reason) as suppressed_count,
        count(case when schedule_state = 'missed' and suppress_reason is null then 1 end) as missed_count,
        count(case when is_service then 1 end) as services_count,
        count(case when is_service and soon_until_at <= as_of_end_at then 1 end) as soon_due_count,
        count(case when is_service and soon_until_at <= as_of_end_at and sent_at <= soon_until_at then 1 end)
            as asked_soon_count,
        percentile_cont(0.5) within group (
            order by case when is_service then {{ elapsed_seconds('reached_at', 'sent_at') }} / 3600.0 end
        ) as median_to_ask_hours
    from scheduled
    group by grouping sets ((due_month), (due_month, stage_code, touchpoint_code))
),

months as (
    select distinct month_start_date as programme_month
    from {{ ref('dim_dates') }}
    where month_start_date >= {{ period_start('month', observed_from('surveys')) }}
),

-- A touchpoint without any feedback must be seen, so the map makes rows; one that is not on the map is shown as well.
places as (
    select
        stage_code,
        touchpoint_code
    from {{ ref('journey_stages') }}
    union
    select
        stage_code,
        touchpoint_code
    from {{ ref('int_feedback__invitation_counts') }}
    where dimension_name = 'touchpoint'
),

spine as (
    select
        sent_month as programme_month,
        dimension_name,
        survey_code,
        channel_code,
        stage_code,
        touchpoint_code,
        wave_label,
        attribute_value
    from {{ ref('int_feedback__invitation_counts') }}
    union
    select
        rollout_month as programme_month,
        dimension_name,
        'all' as survey_code,
        'all' as channel_code,
        'all' as stage_code,
        'all' as touchpoint_code,
        wave_label,
        'all' as attribute_value
    from {{ ref('int_feedback__rollout') }}
    union
    select
        months.programme_month,
        'touchpoint' as dimension_name,
        'all' as survey_code,
        'all' as channel_code,
        places.stage_code,
        places.touchpoint_code,
        'all' as wave_label,
        'all' as attribute_value
    from months
    cross join places
),

-- Due surveys have a touchpoint, but no channel and no tenure band yet: other breakdowns do not count them.
cells as (
    select
        *,
        case when dimension_name in ('all', 'touchpoint') then 0 end as none_due
    from spine
)

select
    cells.dimension_name,
    cells.survey_code,
    cells.channel_code,
    cells.stage_code,
    cells.touchpoint_code,
    cells.wave_label,
    cells.attribute_value,
    stage_map.survey_code as planned_survey_code,
    invited.dropoff_question_code,
    fits.channel_fit_code,
    cast(coalesce(invited.invited_count, 0) as bigint) as invited_count,
    cast(coalesce(invited.shown_count, 0) as bigint) as shown_count,
    cast(coalesce(invited.reached_answered_count, 0) as bigint) as response_num,
    cast(coalesce(invited.reached_count, 0) as bigint) as response_den,
    {{ pct('invited.reached_answered_count', 'invited.reached_count') }} as response_pct,
    cast(coalesce(invited.completed_count, 0) as bigint) as completion_num,
    cast(coalesce(invited.begun_count, 0) as bigint) as completion_den,
    {{ pct('invited.completed_count', 'invited.begun_count') }} as completion_pct,
    cast(coalesce(invited.unsubscribed_count, 0) as bigint) as unsubscribed_num,
    cast(coalesce(invited.reached_count, 0) as bigint) as unsubscribed_den,
    {{ pct('invited.unsubscribed_count', 'invited.reached_count') }} as unsubscribed_pct,
    cast(coalesce(invited.too_soon_count, 0) as bigint) as too_soon_num,
    cast(coalesce(invited.quiet_count, 0) as bigint) as too_soon_den,
    {{ pct('invited.too_soon_count', 'invited.quiet_count') }} as too_soon_pct,
    cast(coalesce(invited.outside_count, 0) as bigint) as outside_num,
    cast(coalesce(invited.rollout_count, 0) as bigint) as outside_den,
    {{ pct('invited.outside_count', 'invited.rollout_count') }} as outside_pct,
    cast(coalesce(invited.commented_count, 0) as bigint) as with_comment_num,
    cast(coalesce(invited.answered_count, 0) as bigint) as with_comment_den,
    {{ pct('invited.commented_count', 'invited.answered_count') }} as with_comment_pct,
    cast(coalesce(invited.begun_count - invited.completed_count, 0) as bigint) as abandoned_count,
    cast(coalesce(invited.late_answers_count, 0) as bigint) as late_answers_count,
    cast(invited.median_seconds as {{ type_double() }}) as median_seconds,
    cast(invited.questions_avg as {{ type_double() }}) as questions_avg,
    case when cells.dimension_name = 'survey_channel' then cast(invited.main_score_avg as {{ type_double() }}) end
        as main_score_avg,
    cast(fits.scored_questions_count as bigint) as scored_questions_count,
    cast(coalesce(due.asked_count, cells.none_due) as bigint) as asked_num,
    cast(coalesce(due.due_count, cells.none_due) as bigint) as asked_den,
    {{ pct('due.asked_count', 'due.due_count') }} as asked_pct,
    cast(coalesce(due.suppressed_count, cells.none_due) as bigint) as suppressed_count,
    cast(coalesce(due.missed_count, cells.none_due) as bigint) as missed_count,
    cast(coalesce(due.services_count, cells.none_due) as bigint) as services_count,
    cast(coalesce(due.asked_soon_count, cells.none_due) as bigint) as asked_soon_num,
    cast(coalesce(due.soon_due_count, cells.none_due) as bigint) as asked_soon_den,
    {{ pct('due.asked_soon_count', 'due.soon_due_count') }} as asked_soon_pct,
    cast(due.median_to_ask_hours as {{ type_double() }}) as median_to_ask_hours,
    cast(rollout.customers_count as bigint) as customers_count,
    cast(rollout.eligible_count as bigint) as eligible_count,
    cast(coalesce(invited.rollout_customers_count, 0) as bigint) as invited_customers_count,
    rollout.is_started,
    case when cells.dimension_name = 'touchpoint' then coalesce(stage_map.is_feedback_required, false) end
        as is_feedback_required,
    coalesce(invited.answered_count, 0) > 0 as has_feedback,
    {{ is_over('month', 'cells.programme_month', add_days('run_context.as_of_date', '-policy.late_answer_days')) }}
    and coalesce(cells.programme_month >= {{ observed_from('surveys') }}, false) as is_complete,
    coalesce(invited.reached_count, 0) >= policy.min_reliable_count as is_reliable,
    cells.programme_month
from cells
cross join {{ ref('run_context') }} as run_context
cross join {{ ref('policy') }} as policy
left join {{ ref('int_feedback__invitation_counts') }} as invited
    on cells.programme_month = invited.sent_month
    and cells.dimension_name = invited.dimension_name
    and cells.survey_code = invited.survey_code
    and cells.channel_code = invited.channel_code
    and cells.stage_code = invited.stage_code
    and cells.touchpoint_code = invited.touchpoint_code
    and cells.wave_label = invited.wave_label
    and cells.attribute_value = invited.attribute_value
left join {{ ref('int_feedback__channel_fits') }} as fits
    on cells.programme_month = fits.sent_month
    and cells.survey_code = fits.survey_code
    and cells.channel_code = fits.channel_code
left join due
    on cells.programme_month = due.due_month
    and cells.dimension_name = due.dimension_name
    and cells.stage_code = due.stage_code
    and cells.touchpoint_code = due.touchpoint_code
left join {{ ref('int_feedback__rollout') }} as rollout
    on cells.programme_month = rollout.rollout_month
    and cells.dimension_name = rollout.dimension_name
    and cells.wave_label = rollout.wave_label
left join {{ ref('journey_stages') }} as stage_map
    on cells.stage_code = stage_map.stage_code
    and cells.touchpoint_code = stage_map.touchpoint_code
