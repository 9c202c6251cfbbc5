{{ config(materialized=inlined()) }}
-- USE-04: few days of use in the first weeks. Evaluated once, when these weeks are over, against customers of the
-- segment whose first weeks were over before the month began.
{% set shown = dbt.type_string() %}
with first_weeks as (
    select
        periods.customer_id,
        periods.segment_code,
        coalesce(uses.first_use_days_count, 0) as first_use_days_count,
        {{ add_days('periods.registered_date', 'policy.usage_first_days - 1') }} as evaluated_date,
        periods.valid_from,
        coalesce(periods.valid_to, {{ end_of_time('date') }}) as valid_to
    from {{ ref('customer_usage_periods') }} as periods
    cross join {{ ref('policy') }} as policy
    left join {{ ref('state_customer_usage') }} as uses
        on periods.customer_id = uses.customer_id
    where periods.registered_date = periods.observed_date
),

newcomers as (
    select
        first_weeks.customer_id,
        first_weeks.segment_code,
        first_weeks.first_use_days_count,
        first_weeks.evaluated_date,
        {{ period_start('month', 'first_weeks.evaluated_date') }} as evaluated_month
    from first_weeks
    inner join {{ ref('run_context') }} as run_context
        on first_weeks.evaluated_date <= run_context.as_of_date
    where first_weeks.evaluated_date >= first_weeks.valid_from
        and first_weeks.evaluated_date < first_weeks.valid_to
),

counted as (
    select
        segment_code,
        evaluated_month,
        first_use_days_count,
        count(*) as customers_count
    from newcomers
    group by segment_code, evaluated_month, first_use_days_count
),

peers as (
    select
        months.segment_code,
        months.evaluated_month,
        earlier.first_use_days_count,
        sum(earlier.customers_count) as customers_count
    from (
        select distinct
            segment_code,
            evaluated_month
        from counted
    ) as months
    inner join counted as earlier
        on months.segment_code = earlier.segment_code
        and months.evaluated_month > earlier.evaluated_month
    group by months.segment_code, months.evaluated_month, earlier.first_use_days_count
),

ranked as (
    select
        *,
        sum(customers_count) over (partition by segment_code, evaluated_month) as peers_count,
        sum(customers_count) over (
            partition by segment_code, evaluated_month order by first_use_days_count
            rows between unbounded preceding and current row
        ) as so_far_count
    from peers
),

norms as (
    select
        segment_code,
        evaluated_month,
        max(peers_count) as peers_count,
        min(case when 2 * so_far_count >= peers_count then first_use_days_count end) as median_days
    from ranked
    group by segment_code, evaluated_month
)

select
    newcomers.customer_id,
    'low_start' as signal_code,
    newcomers.segment_code,
    cast(newcomers.first_use_days_count as {{ type_double() }}) as observed_value,
    cast(norms.median_days as {{ type_double() }}) as expected_value,
    policy.usage_first_days as window_days,
    cast(norms.peers_count as bigint) as peers_count,
    case when newcomers.first_use_days_count = 0 then 3 else 2 end as severity_rank,
    cast(null as {{ shown }}) as subject,
    cast(null as integer) as incident_days,
    case when norms.peers_count < policy.usage_min_peers then 'small_segment' end as own_reason,
    newcomers.evaluated_date as valid_from,
    {{ add_days('newcomers.evaluated_date', 'policy.usage_low_start_signal_days') }} as valid_to
from newcomers
cross join {{ ref('policy') }} as policy
inner join norms
    on newcomers.segment_code = norms.segment_code
    and newcomers.evaluated_month = norms.evaluated_month
where newcomers.first_use_days_count < policy.usage_low_start_ratio * norms.median_days
