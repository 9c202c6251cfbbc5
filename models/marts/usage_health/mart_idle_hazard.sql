-- Silences that began long enough ago to know how they went on: a return within the horizon, or none.
with gaps as (
    select
        gaps.customer_id,
        periods.segment_code,
        least(
            {{ days_between('gaps.gap_from', 'coalesce(gaps.gap_to, ' ~ open_end() ~ ')') }},
            {{ threshold('idle_horizon_days') }} + 1
        ) as length_days
    from {{ ref('state_usage_gaps') }} as gaps
    inner join {{ ref('run_context') }} as run_context
        on gaps.gap_from <= {{ add_days(
            'run_context.as_of_date', 'cast(-' ~ threshold('idle_horizon_days') ~ ' as integer) - 1'
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
        horizon.generated_number as idle_days,
        sum(lengths.gaps_count) as returned_den,
        sum(case
            when lengths.length_days <= {{ threshold('idle_horizon_days') }} then lengths.gaps_count else 0
        end) as returned_num
    from lengths
    inner join horizon
        on lengths.length_days >= horizon.generated_number
        and horizon.generated_number > {{ threshold('usage_run_gap_days') }}
        and horizon.generated_number <= {{ threshold('idle_horizon_days') }}
    group by lengths.segment_code, horizon.generated_number
),

judged as (
    select
        *,
        min(case
            when 100.0 * returned_num < {{ threshold('idle_return_pct') }} * returned_den
                and returned_den >= {{ threshold('min_reliable_count') }} then idle_days
        end) over (partition by segment_code) as worry_after_days
    from counted
)

select
    segment_code,
    cast(idle_days as bigint) as idle_days,
    cast(returned_num as bigint) as returned_num,
    cast(returned_den as bigint) as returned_den,
    {{ pct('returned_num', 'returned_den') }} as returned_pct,
    {{ wilson_pct('returned_num', 'returned_den', 'lo') }} as returned_ci_lo,
    {{ wilson_pct('returned_num', 'returned_den', 'hi') }} as returned_ci_hi,
    cast(worry_after_days as bigint) as worry_after_days,
    returned_den >= {{ threshold('min_reliable_count') }} as is_reliable
from judged
