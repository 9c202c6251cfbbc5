{% set dimensions = {
    'employee': 'employee_id',
    'team': 'team_code',
    'channel': 'channel_code',
    'topic': 'topic_code',
    'stage': 'stage_code',
    'segment': 'segment_code',
    'status': 'customer_status',
    'hour': 'opened_hour',
    'weekday': 'opened_weekday',
} %}
{% set rates = {
    'answered': ["request_state = 'answered'", "request_state <> 'waiting'"],
    'abandoned': ['is_abandoned', "is_abandoned is not null and request_state <> 'waiting'"],
    'wait_in_target': ['is_wait_in_target', 'is_wait_in_target is not null'],
    'resolved': ['is_resolved_in_time', 'is_resolved_in_time is not null'],
    'answered_resolved': [
        "request_state = 'answered' and is_resolved_in_time",
        "request_state = 'answered' and is_resolved_in_time is not null",
    ],
    'first_contact': ['is_resolved_at_once', 'is_resolved_at_once is not null'],
    'satisfied': ["request_state = 'answered' and is_rating_top", "request_state = 'answered' and is_rating_top is not null"],
    'bounced': ['is_bounced', 'is_bounced is not null'],
    'rating_asked': ['is_rating_asked_in_time', 'is_rating_asked_in_time is not null'],
    'rated': ["request_state = 'answered' and rating_score is not null", "request_state = 'answered'"],
} %}
-- What a call centre reports, from the requests of mart_ticket_service.
with requests as (
    select
        customer_id,
        customer_status,
        segment_code,
        coalesce(first_assigned_employee_id, 'unassigned') as employee_id,
        coalesce(team_code, 'unassigned') as team_code,
        coalesce(channel_code, 'unknown') as channel_code,
        coalesce(topic_code, 'unknown') as topic_code,
        coalesce(stage_code, 'unknown') as stage_code,
        right('0' || cast({{ hour_of(business_clock('opened_at')) }} as {{ dbt.type_string() }}), 2) as opened_hour,
        cast({{ weekday_number('opened_date') }} + 1 as {{ dbt.type_string() }}) as opened_weekday,
        request_state,
        wait_seconds,
        talk_seconds,
        rating_metric_code,
        rating_score,
        is_rating_top,
        is_abandoned,
        is_wait_in_target,
        is_resolved_in_time,
        is_resolved_at_once,
        is_bounced,
        is_rating_asked_in_time,
        opened_date
    from {{ ref('mart_ticket_service') }}
),

days as (
    select distinct opened_date as date_day
    from requests
),

day_periods as (
    {{ calendar_periods('days') }}
),

broken_down as (
    {{ breakdowns_with_attributes('requests', dimensions, day='opened_date') }}
),

placed as (
    select
        broken_down.*,
        day_periods.period_grain_code,
        day_periods.period_start_date,
        day_periods.period_end_date
    from broken_down
    inner join day_periods
        on broken_down.opened_date = day_periods.date_day
),

counted as (
    select
        dimension_name,
        dimension_value,
        period_grain_code,
        period_start_date,
        period_end_date,
        count(*) as offered_count,
        count(case when request_state = 'unanswered' then 1 end) as unanswered_count,
        count(case when request_state = 'waiting' then 1 end) as waiting_count,
        {%- for rate, (part, base) in rates.items() %}
        count(case when {{ part }} then 1 end) as {{ rate }}_num,
        count(case when {{ base }} then 1 end) as {{ rate }}_den,
        {%- endfor %}
        count(case when is_resolved_in_time is null then 1 end) as resolution_pending_count,
        count(case when is_resolved_in_time and is_resolved_at_once is null then 1 end) as repeat_pending_count,
        sum(wait_seconds) as wait_seconds,
        percentile_cont(0.5) within group (order by wait_seconds) as median_wait_seconds,
        percentile_cont(0.9) within group (order by wait_seconds) as p90_wait_seconds,
        sum(case when request_state = 'answered' then wait_seconds end) as answered_wait_seconds,
        count(case when request_state = 'answered' then wait_seconds end) as answered_wait_count,
        count(talk_seconds) as talks_count,
        sum(talk_seconds) as talk_seconds,
        percentile_cont(0.5) within group (order by talk_seconds) as median_talk_seconds,
        min(case when request_state = 'answered' and rating_score is not null then rating_metric_code end)
            as first_metric_code,
        max(case when request_state = 'answered' and rating_score is not null then rating_metric_code end)
            as last_metric_code,
        sum(case when request_state = 'answered' then rating_score end) as score_points,
        sum(case when request_state = 'answered' then rating_score * rating_score end) as score_squares
    from placed
    group by dimension_name, dimension_value, period_grain_code, period_start_date, period_end_date
),

-- Scores of different metrics have no mean.
rated as (
    select
        *,
        case when first_metric_code = last_metric_code then 1.0 * score_points / rated_num end as rating_avg,
        greatest(score_squares - 1.0 * score_points * score_points / nullif(rated_num, 0), 0)
        / nullif(1.0 * rated_num * (rated_num - 1), 0) as rating_variance
    from counted
)

select
    rated.dimension_name,
    rated.dimension_value,
    rated.period_grain_code,
    case when rated.first_metric_code = rated.last_metric_code then rated.first_metric_code end as rating_metric_code,
    cast(rated.offered_count as bigint) as offered_count,
    cast(rated.unanswered_count as bigint) as unanswered_count,
    cast(rated.waiting_count as bigint) as waiting_count,
    {%- for rate in rates %}
    cast(rated.{{ rate }}_num as bigint) as {{ rate }}_num,
    cast(rated.{{ rate }}_den as bigint) as {{ rate }}_den,
    {{ pct('rated.' ~ rate ~ '_num', 'rated.' ~ rate ~ '_den') }} as {{ rate }}_pct,
    {{ wilson_pct('rated.' ~ rate ~ '_num', 'rated.' ~ rate ~ '_den', 'lo') }} as {{ rate }}_ci_lo,
    {{ wilson_pct('rated.' ~ rate ~ '_num', 'rated.' ~ rate ~ '_den', 'hi') }} as {{ rate }}_ci_hi,
    {%- endfor %}
    cast(rated.resolution_pending_count as bigint) as resolution_pending_count,
    cast(rated.repeat_pending_count as bigint) as repeat_pending_count,
    cast(rated.wait_seconds as bigint) as wait_seconds,
    cast(1.0 * rated.wait_seconds / nullif(rated.wait_in_target_den, 0) as {{ type_double() }}) as wait_seconds_avg,
    cast(rated.median_wait_seconds as {{ type_double() }}) as median_wait_seconds,
    cast(rated.p90_wait_seconds as {{ type_double() }}) as p90_wait_seconds,
    cast(1.0 * rated.answered_wait_seconds / nullif(rated.answered_wait_count, 0) as {{ type_double() }})
        as answered_wait_seconds_avg,
    cast(rated.talks_count as bigint) as talks_count,
    cast(rated.talk_seconds as bigint) as talk_seconds,
    cast(1.0 * rated.talk_seconds / nullif(rated.talks_count, 0) as {{ type_double() }}) as talk_seconds_avg,
    cast(rated.median_talk_seconds as {{ type_double() }}) as median_talk_seconds,
    cast(rated.rating_avg as {{ type_double() }}) as rating_avg,
    cast(
        rated.rating_avg - {{ student_975('nullif(rated.rated_num - 1.0, 0)') }} * sqrt(rated.rating_variance)
        as {{ type_double() }}
    ) as rating_avg_ci_lo,
    cast(
        rated.rating_avg + {{ student_975('nullif(rated.rated_num - 1.0, 0)') }} * sqrt(rated.rating_variance)
        as {{ type_double() }}
    ) as rating_avg_ci_hi,
    {{ is_over('rated.period_grain_code', 'rated.period_start_date') }}
    and coalesce(rated.period_start_date >= {{ observed_from('tickets') }}, false)
    and rated.waiting_count + rated.resolution_pending_count + rated.repeat_pending_count = 0 as is_complete,
    {{ is_reliable('rated.offered_count') }} as is_reliable,
    rated.period_start_date,
    rated.period_end_date
from rated
cross join {{ ref('run_context') }} as run_context
