-- The norms of a segment beside what its customers do, so that a wrong setting shows. Gaps in use count when they began
-- long enough ago to know how they went on.
with gaps as (
    select
        gaps.customer_id,
        periods.segment_code,
        least(
            {{ days_between('gaps.gap_from', 'coalesce(gaps.gap_to, ' ~ end_of_time('date') ~ ')') }},
            policy.inactive_horizon_days + 1
        ) as length_days
    from {{ ref('state_usage_gaps') }} as gaps
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on gaps.gap_from <= {{ add_days(
            'run_context.as_of_date', '-policy.inactive_horizon_days - 1'
        ) }}
    inner join {{ ref('customer_usage_periods') }} as periods
        on gaps.customer_id = periods.customer_id
        and {{ holds_at('periods', 'gaps.gap_from') }}
    where gaps.component_code = '*'
),

lengths as (
    select
        segment_code,
        length_days,
        count(*) as gaps_count
    from gaps
    group by segment_code, length_days
),

horizon as (
    {{ dbt.generate_series(400) }}
),

-- Every segment has its days, also those that no gap has reached.
counted as (
    select
        norms.segment_code,
        horizon.generated_number as inactive_days,
        coalesce(sum(lengths.gaps_count), 0) as reactivated_den,
        coalesce(sum(case
            when lengths.length_days <= policy.inactive_horizon_days then lengths.gaps_count
        end), 0) as reactivated_num
    from {{ ref('dim_segment_policy') }} as norms
    cross join {{ ref('policy') }} as policy
    inner join horizon
        on horizon.generated_number > policy.usage_run_gap_days
        and horizon.generated_number <= policy.inactive_horizon_days
    left join lengths
        on norms.segment_code = lengths.segment_code
        and horizon.generated_number <= lengths.length_days
    group by norms.segment_code, horizon.generated_number
),

rated as (
    select
        counted.*,
        min(case
            when 100.0 * counted.reactivated_num < policy.inactive_return_pct * counted.reactivated_den
                and counted.reactivated_den >= policy.min_reliable_count then counted.inactive_days
        end) over (partition by counted.segment_code) as proposed_risk_after_days,
        max(case when counted.inactive_days = norms.risk_after_days then counted.reactivated_num end) over (
            partition by counted.segment_code
        ) as limit_num,
        max(case when counted.inactive_days = norms.risk_after_days then counted.reactivated_den end) over (
            partition by counted.segment_code
        ) as limit_den
    from counted
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('dim_segment_policy') }} as norms
        on counted.segment_code = norms.segment_code
),

rhythms as (
    select
        segment_code,
        count(*) as active_customers_count,
        percentile_cont(0.5) within group (order by median_gap_days) as natural_interval_days,
        percentile_cont(0.9) within group (order by median_gap_days) as slow_interval_days
    from {{ ref('mart_usage_health') }}
    where current_use_days_count > 0
        and median_gap_days is not null
    group by segment_code
)

select
    rated.segment_code,
    norms.title,
    norms.origin as norm_origin_kind,
    cast(rated.inactive_days as bigint) as inactive_days,
    cast(rated.reactivated_num as bigint) as reactivated_num,
    cast(rated.reactivated_den as bigint) as reactivated_den,
    {{ pct('rated.reactivated_num', 'rated.reactivated_den') }} as reactivated_pct,
    {{ wilson_pct('rated.reactivated_num', 'rated.reactivated_den', 'lo') }} as reactivated_ci_lo,
    {{ wilson_pct('rated.reactivated_num', 'rated.reactivated_den', 'hi') }} as reactivated_ci_hi,
    {{ is_reliable('rated.reactivated_den') }} as is_reliable,
    cast(rated.proposed_risk_after_days as bigint) as proposed_risk_after_days,
    cast(norms.risk_after_days as bigint) as risk_after_days,
    norms.risk_limit_kind,
    {{ pct('rated.limit_num', 'rated.limit_den') }} as limit_reactivated_pct,
    cast(norms.recency_unit_days as bigint) as recency_unit_days,
    cast(norms.window_days as bigint) as window_days,
    cast(norms.expected_usage_interval_days as bigint) as expected_interval_days,
    cast(rhythms.natural_interval_days as {{ type_double() }}) as natural_interval_days,
    cast(rhythms.slow_interval_days as {{ type_double() }}) as slow_interval_days,
    cast(coalesce(rhythms.active_customers_count, 0) as bigint) as active_customers_count,
    {{ is_reliable('coalesce(rhythms.active_customers_count, 0)') }} as is_rhythm_reliable
from rated
inner join {{ ref('dim_segment_policy') }} as norms
    on rated.segment_code = norms.segment_code
left join rhythms
    on rated.segment_code = rhythms.segment_code
