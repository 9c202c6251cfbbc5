select
    segment_code,
    scheme,
    title,
    is_priority,
    expected_usage_interval_days,
    recency_unit_days,
    at_risk_band,
    churn_inactivity_days,
    contact_interval_days,
    max_contacts_per_week,
    channel_policy,
    origin,
    reason
from {{ ref('segments') }}
