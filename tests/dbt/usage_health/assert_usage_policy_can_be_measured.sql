-- Prevents limits of idleness below the silences that are kept one by one, and current weeks that are no whole weeks.
select
    'recency unit' as fault,
    segment_code as row_key
from {{ ref('dim_segment_policy') }}
where recency_unit_days <= {{ threshold('usage_run_gap_days') }}
    or risk_after_days <= {{ threshold('usage_run_gap_days') }}
union all
select
    'idle days' as fault,
    segment_code || ' ' || component_code as row_key
from {{ ref('dim_segment_components') }}
where inactive_days <= {{ threshold('usage_run_gap_days') }}
union all
select
    'current weeks are not 1 to 53 whole weeks' as fault,
    'usage_current_weeks' as row_key
from (select {{ threshold('usage_current_weeks') }} as weeks) as current_weeks
where weeks < 1
    or weeks > 53
    or weeks <> floor(weeks)
