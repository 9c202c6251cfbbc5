{{ config(materialized=inlined('view')) }}
-- Periods in which the condition of a signal holds, and the words for it, as a pure function of the raw rows up to the
-- as-of date, before any reason to suppress it. Churned customers have no signals: periods end with the access.
{% set shown = dbt.type_string() %}
{% set signals = [
    ref('int_usage__signal_decline'), ref('int_usage__signal_dormant'), ref('int_usage__signal_low_start'),
    ref('int_usage__signal_below_segment'), 'abandoned', 'excessive',
] %}
-- USE-17: one component is no longer used while others are.
with abandoned as (
    select
        customer_id,
        'component_abandoned' as signal_code,
        segment_code,
        cast({{ days_between('gap_from', 'valid_from') }} as {{ type_double() }}) as observed_value,
        cast(inactive_days as {{ type_double() }}) as expected_value,
        inactive_days as window_days,
        cast(null as bigint) as peers_count,
        case when is_critical then 2 else 1 end as severity_rank,
        title as subject,
        incident_days,
        cast(null as {{ shown }}) as own_reason,
        valid_from,
        valid_to
    from {{ ref('int_usage__component_inactivity') }}
),

-- USE-06: use far above that of the segment on a Sunday, to be verified. Of several anomalies the first title is shown;
-- the week is suppressed when a person reviewed all of them.
excessive as (
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
        and {{ holds_at('reviewed', 'anomalies.week_end_date') }}
    group by anomalies.customer_id, anomalies.week_end_date, policy.usage_current_weeks, policy.usage_min_peers
),

found as (
    {% for signal in signals %}
    select
        customer_id,
        signal_code,
        segment_code,
        observed_value,
        expected_value,
        window_days,
        peers_count,
        severity_rank,
        subject,
        incident_days,
        coalesce(own_reason, '(none)') as own_reason,
        valid_from,
        valid_to
    from {{ signal }}
    where valid_from < valid_to
        -- A later period assumes that the customer does nothing more.
        and valid_from <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

access_tenures as (
    select
        customer_id,
        min(valid_from) as valid_from,
        max(coalesce(valid_to, {{ end_of_time('date') }})) as valid_to
    from {{ ref('customer_usage_periods') }}
    group by customer_id, present_from
),

bounded as (
    select
        found.customer_id,
        found.signal_code,
        found.segment_code,
        found.observed_value,
        found.expected_value,
        found.window_days,
        found.peers_count,
        found.severity_rank,
        found.subject,
        found.incident_days,
        found.own_reason,
        greatest(found.valid_from, access_tenures.valid_from) as valid_from,
        least(found.valid_to, access_tenures.valid_to) as valid_to
    from found
    inner join access_tenures
        on found.customer_id = access_tenures.customer_id
        and found.valid_from < access_tenures.valid_to
        and found.valid_to > access_tenures.valid_from
),

-- What a condition shows is what was known on its first day.
held as (
    {{ merged_periods('bounded', ['customer_id', 'signal_code', 'own_reason'], {
        'observed_value': 'max(case when valid_from = island_from then observed_value end)',
        'expected_value': 'max(case when valid_from = island_from then expected_value end)',
        'segment_code': 'max(case when valid_from = island_from then segment_code end)',
        'window_days': 'max(case when valid_from = island_from then window_days end)',
        'peers_count': 'max(case when valid_from = island_from then peers_count end)',
        'subject': 'min(subject)',
        'incident_days': 'min(case when valid_from = island_from then incident_days end)',
        'subjects_count': "count(distinct case when signal_code = 'component_abandoned' then subject end)",
        'severity_rank': 'max(severity_rank)',
    }) }}
)

select
    held.customer_id,
    held.signal_code,
    held.own_reason,
    held.observed_value,
    held.expected_value,
    held.segment_code,
    held.window_days,
    held.peers_count,
    held.incident_days,
    {{ ranked_severity('held.severity_rank') }} as severity,
    case held.signal_code
        when 'dormant'
            then 'No use since ' || held.subject || '; up to '
                || {{ shown_whole('held.expected_value') }} || ' days without use are usual in the segment'
        when 'component_abandoned'
            then 'No longer uses ' || held.subject
                || case
                    when held.subjects_count > 1
                        then ' and ' || cast(held.subjects_count - 1 as {{ shown }}) || ' more'
                    else ''
                end || ', while other components are in use'
        when 'low_start'
            then 'Used on ' || {{ shown_whole('held.observed_value') }} || ' of the first '
                || cast(held.window_days as {{ shown }}) || ' days; the median of the segment is '
                || {{ shown_number('held.expected_value') }}
        when 'below_segment'
            then 'Uses ' || {{ shown_number('held.observed_value') }} || ' % of what it could; the segment uses '
                || {{ shown_number('held.expected_value') }} || ' %'
        when 'excessive'
            then held.subject || ': ' || {{ shown_number('held.observed_value') }} || ' where the segment has '
                || {{ shown_number('held.expected_value') }} || '; to be verified'
        else 'Used on ' || {{ shown_whole('held.observed_value') }} || ' of '
            || cast(held.window_days as {{ shown }}) || ' days; '
            || {{ shown_number('held.expected_value') }} || ' would be as before'
            || case when held.subject is not null then ', given that the whole segment uses less' else '' end
    end as reason,
    -- Customers who use the product once a week miss some weeks in a row by chance: a decline is sharp when it lasts.
    case
        when held.signal_code = 'sharp_decline'
            then {{ add_days('held.valid_from', 'policy.usage_sharp_decline_days') }}
        else held.valid_from
    end as valid_from,
    held.valid_to
from held
cross join {{ ref('policy') }} as policy
where held.signal_code <> 'sharp_decline'
    or {{ days_between('held.valid_from', 'held.valid_to') }} > policy.usage_sharp_decline_days
