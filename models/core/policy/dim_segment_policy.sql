-- The norms a customer is judged by, one row per usage segment; whoever has no segment gets the defaults.
with segments as (
    select
        segment_code,
        title,
        expected_usage_interval_days,
        coalesce(recency_unit_days, {{ threshold('usage_default_recency_unit_days') }}) as recency_unit_days,
        coalesce(at_risk_band, {{ threshold('usage_default_at_risk_band') }}) as at_risk_band,
        origin
    from {{ ref('segments') }}
    where scheme = 'usage'
    union all
    select
        'unassigned' as segment_code,
        'Without a segment' as title,
        cast(null as integer) as expected_usage_interval_days,
        {{ threshold('usage_default_recency_unit_days') }} as recency_unit_days,
        {{ threshold('usage_default_at_risk_band') }} as at_risk_band,
        'ours' as origin
)

select
    segment_code,
    title,
    origin,
    cast(expected_usage_interval_days as integer) as expected_usage_interval_days,
    cast(recency_unit_days as integer) as recency_unit_days,
    cast(at_risk_band as integer) as at_risk_band,
    -- Dormant is who has been silent for longer than this.
    cast(recency_unit_days * (at_risk_band - 1) as integer) as risk_after_days,
    -- Whole weeks that hold enough expected uses, so that one missed use is no fall (USE-03).
    cast(7 * ceil(greatest(
        {{ threshold('usage_window_days') }},
        coalesce(expected_usage_interval_days, 0) * {{ threshold('usage_window_intervals') }}
    ) / 7.0) as integer) as window_days
from segments
