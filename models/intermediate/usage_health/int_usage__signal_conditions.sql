-- Periods in which the condition of a signal holds, as a pure function of the raw rows up to the as-of date, before any
-- reason to suppress it. Churned customers have no signals: periods end with the access to the product.
{% set signals = [
    'int_usage__signal_decline', 'int_usage__signal_dormant', 'int_usage__signal_component_abandoned',
    'int_usage__signal_low_start', 'int_usage__signal_below_segment', 'int_usage__signal_excessive',
] %}
with found as (
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
    from {{ ref(signal) }}
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
    held.subject,
    held.incident_days,
    held.subjects_count,
    held.severity_rank,
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
