-- Gaps in use that began long enough ago to know how they went on: use again within the horizon, or none.
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

counted as (
    select
        lengths.segment_code,
        horizon.generated_number as inactive_days,
        sum(lengths.gaps_count) as reactivated_den,
        sum(case
            when lengths.length_days <= policy.inactive_horizon_days then lengths.gaps_count else 0
        end) as reactivated_num
    from lengths
    cross join {{ ref('policy') }} as policy
    inner join horizon
        on lengths.length_days >= horizon.generated_number
        and horizon.generated_number > policy.usage_run_gap_days
        and horizon.generated_number <= policy.inactive_horizon_days
    group by lengths.segment_code, horizon.generated_number
),

rated as (
    select
        counted.*,
        min(case
            when 100.0 * counted.reactivated_num < policy.inactive_return_pct * counted.reactivated_den
                and counted.reactivated_den >= policy.min_reliable_count then counted.inactive_days
        end) over (partition by counted.segment_code) as worry_after_days
    from counted
    cross join {{ ref('policy') }} as policy
)

select
    segment_code,
    cast(inactive_days as bigint) as inactive_days,
    cast(reactivated_num as bigint) as reactivated_num,
    cast(reactivated_den as bigint) as reactivated_den,
    {{ pct('reactivated_num', 'reactivated_den') }} as reactivated_pct,
    {{ wilson_pct('reactivated_num', 'reactivated_den', 'lo') }} as reactivated_ci_lo,
    {{ wilson_pct('reactivated_num', 'reactivated_den', 'hi') }} as reactivated_ci_hi,
    cast(worry_after_days as bigint) as worry_after_days,
    {{ is_reliable('reactivated_den') }} as is_reliable
from rated
