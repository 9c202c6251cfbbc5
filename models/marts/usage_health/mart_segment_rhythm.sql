-- The norm that is configured and the rhythm that customers have, side by side: a wrong setting is seen.
with active as (
    select
        health.segment_code,
        count(*) as active_customers_count,
        percentile_cont(0.5) within group (order by health.median_gap_days) as natural_interval_days,
        percentile_cont(0.9) within group (order by health.median_gap_days) as slow_interval_days
    from {{ ref('mart_usage_health') }} as health
    where health.current_use_days_count > 0
        and health.median_gap_days is not null
    group by health.segment_code
),

hazard as (
    select
        segment_code,
        max(worry_after_days) as worry_after_days
    from {{ ref('mart_inactivity_hazard') }}
    group by segment_code
)

select
    norms.segment_code,
    norms.title,
    norms.origin as norm_origin_kind,
    cast(norms.expected_usage_interval_days as bigint) as expected_interval_days,
    cast(active.natural_interval_days as double) as natural_interval_days,
    cast(active.slow_interval_days as double) as slow_interval_days,
    cast(norms.recency_unit_days as bigint) as recency_unit_days,
    cast(norms.risk_after_days as bigint) as risk_after_days,
    cast(hazard.worry_after_days as bigint) as worry_after_days,
    cast(norms.window_days as bigint) as window_days,
    cast(coalesce(active.active_customers_count, 0) as bigint) as active_customers_count,
    {{ is_reliable('coalesce(active.active_customers_count, 0)') }} as is_reliable
from {{ ref('dim_segment_policy') }} as norms
left join active
    on norms.segment_code = active.segment_code
left join hazard
    on norms.segment_code = hazard.segment_code
