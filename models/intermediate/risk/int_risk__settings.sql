{{ config(materialized='view') }}
-- What the models of churn read of the policy.
select
    policy.churn_grace_days,
    policy.usage_decline_ratio,
    policy.surprise_low_nps_score,
    policy.risk_horizon_short_days,
    policy.risk_horizon_medium_days,
    policy.risk_horizon_long_days,
    policy.risk_training_months,
    policy.risk_test_months,
    policy.risk_min_churns
from {{ ref('policy') }} as policy
