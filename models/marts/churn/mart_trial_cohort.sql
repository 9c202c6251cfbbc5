-- A month has the trials that began in it with their outcomes, and the trials that run at its end whenever they began.
with trials as (
    select
        trials.*,
        trials.started_month as observed_month,
        1 as started_count,
        0 as ended_count
    from {{ ref('int_churn__trials') }} as trials
    union all
    select
        trials.*,
        trials.ended_month as observed_month,
        0 as started_count,
        1 as ended_count
    from {{ ref('int_churn__trials') }} as trials
    where trials.ended_date is not null
),

broken_down as (
    {{ breakdowns_with_attributes('trials', lifetime_dimensions(), 'started_date', customer='source_customer_id') }}
),

counted as (
    select
        dimension_name,
        dimension_value,
        observed_month,
        sum(started_count) as started_count,
        sum(ended_count) as ended_count,
        {%- for outcome in ['converted', 'free', 'expired', 'running'] %}
        sum(case when outcome_code = '{{ outcome }}' then started_count else 0 end) as {{ outcome }}_count,
        {%- endfor %}
        sum(case when is_converted_in_window then started_count else 0 end) as converted_num,
        sum(case when is_mature then started_count else 0 end) as converted_den
    from broken_down
    group by observed_month, dimension_name, dimension_value
),

found_values as (
    select
        dimension_name,
        dimension_value,
        min(observed_month) as first_month
    from counted
    group by dimension_name, dimension_value
),

months as (
    select
        dim_dates.month_start_date as observed_month,
        {{ is_over('month', 'dim_dates.month_start_date', 'max(run_context.as_of_date)') }} as is_closed
    from {{ ref('dim_dates') }} as dim_dates
    cross join {{ ref('run_context') }} as run_context
    where dim_dates.date_day <= run_context.as_of_date
    group by dim_dates.month_start_date
),

cohorts as (
    select
        found_values.dimension_name,
        found_values.dimension_value,
        months.observed_month,
        substring(cast(months.observed_month as {{ dbt.type_string() }}), 1, 7) as cohort_label,
        months.is_closed,
        {%- for measure in ['started_count', 'ended_count', 'converted_count', 'free_count', 'expired_count',
            'running_count', 'converted_num', 'converted_den'] %}
        coalesce(counted.{{ measure }}, 0) as {{ measure }},
        {%- endfor %}
        sum(coalesce(counted.started_count - counted.ended_count, 0)) over (
            partition by found_values.dimension_name, found_values.dimension_value
            order by months.observed_month
            rows between unbounded preceding and current row
        ) as running_at_end_count
    from found_values
    inner join months
        on found_values.first_month <= months.observed_month
    left join counted
        on found_values.dimension_name = counted.dimension_name
        and found_values.dimension_value = counted.dimension_value
        and months.observed_month = counted.observed_month
    union all
    select
        dimension_name,
        dimension_value,
        cast(null as date) as observed_month,
        'all' as cohort_label,
        false as is_closed,
        sum(started_count) as started_count,
        sum(ended_count) as ended_count,
        sum(converted_count) as converted_count,
        sum(free_count) as free_count,
        sum(expired_count) as expired_count,
        sum(running_count) as running_count,
        sum(converted_num) as converted_num,
        sum(converted_den) as converted_den,
        sum(started_count) - sum(ended_count) as running_at_end_count
    from counted
    group by dimension_name, dimension_value
)

select
    cohorts.dimension_name,
    cohorts.dimension_value,
    cohorts.cohort_label,
    {%- for measure in ['started', 'converted', 'free', 'expired', 'running', 'ended', 'running_at_end'] %}
    cast(cohorts.{{ measure }}_count as bigint) as {{ measure }}_count,
    {%- endfor %}
    cast(cohorts.started_count - cohorts.converted_den as bigint) as pending_count,
    cast(cohorts.converted_num as bigint) as converted_num,
    cast(cohorts.converted_den as bigint) as converted_den,
    {{ pct('cohorts.converted_num', 'cohorts.converted_den') }} as converted_pct,
    {{ wilson_pct('cohorts.converted_num', 'cohorts.converted_den', 'lo') }} as converted_ci_lo,
    {{ wilson_pct('cohorts.converted_num', 'cohorts.converted_den', 'hi') }} as converted_ci_hi,
    cast(quartiles.p25_days as bigint) as p25_to_paid_days,
    cast(quartiles.median_days as bigint) as median_to_paid_days,
    cast(quartiles.p75_days as bigint) as p75_to_paid_days,
    cohorts.is_closed and cohorts.started_count = cohorts.converted_den as is_complete,
    {{ is_reliable('cohorts.converted_den') }} as is_reliable,
    cohorts.observed_month as started_month
from cohorts
left join {{ ref('int_churn__trial_quartiles') }} as quartiles
    on cohorts.dimension_name = quartiles.dimension_name
    and cohorts.dimension_value = quartiles.dimension_value
    and cohorts.cohort_label = quartiles.cohort_label
