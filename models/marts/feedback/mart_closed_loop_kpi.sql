with cases as (
    select
        *,
        {{ period_start('month', 'received_date') }} as received_month
    from {{ ref('mart_feedback_cases') }}
),

-- Months, and everybody together: a week of a single unit is never reliable.
counted as (
    select
        received_month,
        coalesce(unit_code, 'all') as unit_code,
        count(case when not is_reopening then 1 end) as received_count,
        count(case when is_reopening then 1 end) as reopened_count,
        count(case when processed_at is not null then 1 end) as processed_num,
        count(*) as processed_den,
        count(case when is_closed then 1 end) as closed_num,
        count(case when is_callback_required then 1 end) as called_back_den,
        count(case when is_callback_required and contacted_at is not null then 1 end) as called_back_num,
        count(case when is_callback_required and resolved_at is not null then 1 end) as resolved_num,
        count(case when is_no_reply then 1 end) as no_reply_num,
        count(is_no_reply) as no_reply_den,
        count(case when is_in_time then 1 end) as in_time_num,
        count(is_in_time) as in_time_den,
        count(case when is_disinterested then 1 end) as disinterested_num,
        count(interest_kind) as disinterested_den,
        count(case when is_recovered then 1 end) as recovered_num,
        count(is_recovered) as recovered_den,
        count(case when is_followup_required and is_followup_complete then 1 end) as followup_complete_num,
        count(case when is_followup_required then 1 end) as followup_complete_den,
        percentile_cont(0.5) within group (order by processing_hours) as median_processing_hours
    from cases
    group by grouping sets ((received_month), (received_month, unit_code))
)

select
    counted.unit_code,
    cast(counted.received_count as bigint) as received_count,
    cast(counted.reopened_count as bigint) as reopened_count,
    cast(counted.processed_den - counted.closed_num as bigint) as open_count,
    cast(counted.processed_num as bigint) as processed_num,
    cast(counted.processed_den as bigint) as processed_den,
    {{ pct('counted.processed_num', 'counted.processed_den') }} as processed_pct,
    cast(counted.closed_num as bigint) as closed_num,
    cast(counted.processed_den as bigint) as closed_den,
    {{ pct('counted.closed_num', 'counted.processed_den') }} as closed_pct,
    cast(counted.called_back_num as bigint) as called_back_num,
    cast(counted.called_back_den as bigint) as called_back_den,
    {{ pct('counted.called_back_num', 'counted.called_back_den') }} as called_back_pct,
    cast(counted.resolved_num as bigint) as resolved_num,
    cast(counted.called_back_den as bigint) as resolved_den,
    {{ pct('counted.resolved_num', 'counted.called_back_den') }} as resolved_pct,
    cast(counted.no_reply_num as bigint) as no_reply_num,
    cast(counted.no_reply_den as bigint) as no_reply_den,
    {{ pct('counted.no_reply_num', 'counted.no_reply_den') }} as no_reply_pct,
    cast(counted.in_time_num as bigint) as in_time_num,
    cast(counted.in_time_den as bigint) as in_time_den,
    {{ pct('counted.in_time_num', 'counted.in_time_den') }} as in_time_pct,
    cast(counted.disinterested_num as bigint) as disinterested_num,
    cast(counted.disinterested_den as bigint) as disinterested_den,
    {{ pct('counted.disinterested_num', 'counted.disinterested_den') }} as disinterested_pct,
    cast(counted.recovered_num as bigint) as recovered_num,
    cast(counted.recovered_den as bigint) as recovered_den,
    {{ pct('counted.recovered_num', 'counted.recovered_den') }} as recovered_pct,
    cast(counted.followup_complete_num as bigint) as followup_complete_num,
    cast(counted.followup_complete_den as bigint) as followup_complete_den,
    {{ pct('counted.followup_complete_num', 'counted.followup_complete_den') }} as followup_complete_pct,
    cast(counted.median_processing_hours as double) as median_processing_hours,
    {{ add_days(add_months('counted.received_month', '1'), 'policy.silence_reply_days') }}
    <= run_context.as_of_date as is_complete,
    counted.processed_den >= policy.min_reliable_count as is_reliable,
    counted.received_month
from counted
cross join {{ ref('run_context') }} as run_context
cross join {{ ref('policy') }} as policy
