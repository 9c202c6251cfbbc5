{{ config(materialized='ephemeral') }}
-- USE-17: one component is no longer used while others are.
{% set shown = dbt.type_string() %}
select
    customer_id,
    'component_abandoned' as signal_code,
    segment_code,
    cast({{ days_between('gap_from', 'valid_from') }} as double) as observed_value,
    cast(inactive_days as double) as expected_value,
    inactive_days as window_days,
    cast(null as bigint) as peers_count,
    case when is_critical then 2 else 1 end as severity_rank,
    title as subject,
    incident_days,
    cast(null as {{ shown }}) as own_reason,
    valid_from,
    valid_to
from {{ ref('int_usage__component_inactivity') }}
