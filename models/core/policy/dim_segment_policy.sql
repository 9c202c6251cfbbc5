-- Norms of each usage segment; customers without a segment get the defaults.
with segments as (
    select
        segments.segment_code,
        segments.title,
        segments.expected_usage_interval_days,
        coalesce(segments.recency_unit_days, policy.usage_default_recency_unit_days) as recency_unit_days,
        coalesce(segments.at_risk_band, policy.usage_default_at_risk_band) as at_risk_band,
        segments.risk_after_days as stated_risk_after_days,
        segments.origin
    from {{ ref('segments') }} as segments
    cross join {{ ref('policy') }} as policy
    where segments.scheme = 'usage'
    union all
    select
        'unassigned' as segment_code,
        'Without a segment' as title,
        cast(null as integer) as expected_usage_interval_days,
        policy.usage_default_recency_unit_days as recency_unit_days,
        policy.usage_default_at_risk_band as at_risk_band,
        cast(null as integer) as stated_risk_after_days,
        'ours' as origin
    from {{ ref('policy') }} as policy
)

select
    segments.segment_code,
    segments.title,
    segments.origin,
    cast(segments.expected_usage_interval_days as integer) as expected_usage_interval_days,
    cast(segments.recency_unit_days as integer) as recency_unit_days,
    cast(segments.at_risk_band as integer) as at_risk_band,
    case when segments.stated_risk_after_days is not null then 'days' else 'band' end as risk_limit_kind,
    -- Customers inactive for longer than this are dormant.
    cast(coalesce(
        segments.stated_risk_after_days, segments.recency_unit_days * (segments.at_risk_band - 1)
    ) as integer) as risk_after_days,
    -- Whole weeks with enough expected uses, so that one missed use does not count as a fall (USE-03).
    cast(7 * ceil(greatest(
        policy.usage_window_days,
        coalesce(segments.expected_usage_interval_days, 0) * policy.usage_window_intervals
    ) / 7.0) as integer) as window_days
from segments
cross join {{ ref('policy') }} as policy
