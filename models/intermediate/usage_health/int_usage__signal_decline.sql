{{ config(materialized='ephemeral') }}
-- USE-03: fewer days of use than in the customer's own past. A decline by more than the second ratio is sharp.
{% set shown = dbt.type_string() %}
with falls as (
    select
        falls.customer_id,
        falls.segment_code,
        falls.window_days,
        falls.expected_days,
        falls.trend_ratio,
        cast(falls.recent_days_count as {{ type_double() }}) as recent_days_count,
        greatest(falls.valid_from, periods.valid_from) as valid_from,
        least(falls.valid_to, coalesce(periods.valid_to, {{ end_of_time('date') }})) as valid_to
    from {{ ref('state_usage_falls') }} as falls
    inner join {{ ref('customer_usage_periods') }} as periods
        on falls.customer_id = periods.customer_id
        and falls.segment_code = periods.segment_code
        and falls.valid_from < coalesce(periods.valid_to, {{ end_of_time('date') }})
        and falls.valid_to > periods.valid_from
)

{% for signal, ratio, severity in [
    ('decline', 'policy.usage_decline_ratio', 2), ('sharp_decline', 'policy.usage_sharp_decline_ratio', 3)
] -%}
select
    falls.customer_id,
    '{{ signal }}' as signal_code,
    falls.segment_code,
    falls.recent_days_count as observed_value,
    falls.expected_days as expected_value,
    falls.window_days,
    cast(null as bigint) as peers_count,
    {{ severity }} as severity_rank,
    cast(null as {{ shown }}) as subject,
    cast(null as integer) as incident_days,
    cast(null as {{ shown }}) as own_reason,
    falls.valid_from,
    falls.valid_to
from falls
cross join {{ ref('policy') }} as policy
where falls.trend_ratio <= {{ ratio }}
{{ 'union all' if not loop.last }}
{% endfor %}
