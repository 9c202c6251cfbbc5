-- Prevents limits of idleness that are shorter than the silences that are kept one by one.
{{ config(meta={'dagster': {'ref': {'name': 'dim_segment_policy'}}}) }}
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
where idle_days <= {{ threshold('usage_run_gap_days') }}
