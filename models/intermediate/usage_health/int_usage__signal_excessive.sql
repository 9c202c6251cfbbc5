{{ config(materialized='ephemeral') }}
-- USE-06: use far above that of the segment on a Sunday, to be verified. A week is suppressed when a person reviewed
-- every anomaly in it.
select
    anomalies.customer_id,
    'excessive' as signal_code,
    max(anomalies.segment_code) as segment_code,
    max(anomalies.observed_value) as observed_value,
    max(anomalies.median_value) as expected_value,
    {{ usage_current_days() }} as window_days,
    max(anomalies.peers_count) as peers_count,
    2 as severity_rank,
    min(anomalies.title) as subject,
    cast(null as integer) as incident_days,
    case
        when count(case when reviewed.customer_id is null then 1 end) = 0 then 'reviewed'
        when max(anomalies.peers_count) < policy.usage_min_peers then 'small_segment'
    end as own_reason,
    anomalies.week_end_date as valid_from,
    {{ add_days('anomalies.week_end_date', 7) }} as valid_to
from {{ ref('int_usage__anomalies') }} as anomalies
cross join {{ ref('policy') }} as policy
left join {{ ref('signal_pause_periods') }} as reviewed
    on anomalies.customer_id = reviewed.customer_id
    and reviewed.quiet_reason = 'reviewed'
    and anomalies.anomaly_code = reviewed.signal_code
    and anomalies.week_end_date >= reviewed.valid_from
    and anomalies.week_end_date < reviewed.valid_to
group by anomalies.customer_id, anomalies.week_end_date, policy.usage_current_weeks, policy.usage_min_peers
