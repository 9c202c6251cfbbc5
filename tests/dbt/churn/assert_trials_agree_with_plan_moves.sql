-- Prevents a month of trials that misses a trial, or counts one as running that has ended.
with trials as (
    select * from {{ ref('mart_plan_moves') }}
    where trial_outcome_code is not null
),

months as (
    select
        cohorts.*,
        case
            when cohorts.started_month is null then run_context.as_of_date
            else least({{ add_days(add_months('cohorts.started_month', 1), -1) }}, run_context.as_of_date)
        end as last_date
    from {{ ref('mart_trial_cohort') }} as cohorts
    cross join {{ ref('run_context') }} as run_context
    where cohorts.dimension_name = 'all'
),

found as (
    select
        months.cohort_label,
        trials.moved_month = coalesce(months.started_month, trials.moved_month) as is_of_month,
        trials.is_trial_mature,
        trials.is_trial_converted_in_window,
        trials.moved_date <= months.last_date
        and coalesce(trials.trial_ended_date, {{ end_of_time('date') }}) > months.last_date as is_running
    from months
    cross join trials
),

counted as (
    select
        cohort_label,
        count(case when is_of_month then 1 end) as started_count,
        count(case when is_of_month and is_trial_converted_in_window then 1 end) as converted_num,
        count(case when is_of_month and is_trial_mature then 1 end) as converted_den,
        count(case when is_running then 1 end) as running_at_end_count
    from found
    group by cohort_label
)

select
    months.cohort_label,
    counted.started_count,
    counted.running_at_end_count
from months
full outer join counted
    on months.cohort_label = counted.cohort_label
where months.started_count <> counted.started_count
    or months.converted_num <> counted.converted_num
    or months.converted_den <> counted.converted_den
    or months.running_at_end_count <> counted.running_at_end_count
    or counted.cohort_label is null
    or months.cohort_label is null
