with counted as (
    select
        received_week,
        unit_code,
        count(case when not is_reopening then 1 end) as received_count,
        count(case when is_reopening then 1 end) as reopened_count,
        count(case when processed_at is not null then 1 end) as processed_num,
        count(*) as processed_den,
        count(case when is_closed then 1 end) as closed_num,
        count(case when is_callback_required then 1 end) as called_back_den,
        count(case when is_callback_required and contacted_at is not null then 1 end) as called_back_num,
        count(case when is_callback_required and resolved_at is not null then 1 end) as resolved_num,
        count(case when is_silent then 1 end) as inactive_num,
        count(is_silent) as inactive_den,
        count(case when is_in_time then 1 end) as in_time_num,
        count(is_in_time) as in_time_den,
        count(case when is_disinterested then 1 end) as disinterested_num,
        count(interest_kind) as disinterested_den,
        count(case when is_recovered then 1 end) as recovered_num,
        count(is_recovered) as recovered_den,
        count(case when is_followup_required and is_followup_complete then 1 end) as followup_complete_num,
        count(case when is_followup_required then 1 end) as followup_complete_den,
        percentile_cont(0.5) within group (order by processing_hours) as median_processing_hours
    from {{ ref('mart_feedback_cases') }}
    group by received_week, unit_code
)

select
    counted.unit_code,
    cast(counted.received_count as bigint) as received_count,
    cast(counted.reopened_count as bigint) as reopened_count,
    cast(counted.processed_den - counted.closed_num as bigint) as open_count,
    {% for rate, denominator in [
        ('processed', 'processed_den'), ('closed', 'processed_den'), ('called_back', 'called_back_den'),
        ('resolved', 'called_back_den'), ('inactive', 'inactive_den'), ('in_time', 'in_time_den'),
        ('disinterested', 'disinterested_den'), ('recovered', 'recovered_den'),
        ('followup_complete', 'followup_complete_den'),
    ] -%}
    cast(counted.{{ rate }}_num as bigint) as {{ rate }}_num,
    cast(counted.{{ denominator }} as bigint) as {{ rate }}_den,
    {{ pct('counted.' ~ rate ~ '_num', 'counted.' ~ denominator) }} as {{ rate }}_pct,
    {% endfor -%}
    cast(counted.median_processing_hours as double) as median_processing_hours,
    {{ add_days('counted.received_week', '7 + policy.silence_reply_days') }}
    <= run_context.as_of_date as is_complete,
    counted.processed_den >= policy.min_reliable_count as is_reliable,
    counted.received_week
from counted
cross join {{ ref('run_context') }} as run_context
cross join {{ ref('policy') }} as policy
