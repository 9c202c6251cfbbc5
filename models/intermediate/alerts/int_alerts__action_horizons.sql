{{ config(materialized=inlined('view')) }}
-- The windows over which a churn counts, as rows.
{%- for window in ['short', 'medium', 'long'] %}
select
    '{{ window }}' as horizon_code,
    policy.risk_horizon_{{ window }}_days as horizon_days,
    -- A churn on the last day of the window is known after the grace.
    policy.risk_horizon_{{ window }}_days + policy.churn_grace_days as known_after_days
from {{ ref('policy') }} as policy
{{ 'union all' if not loop.last }}
{%- endfor %}
