{{ config(materialized=inlined()) }}
-- USE-03: fewer days of use than in the customer's own past, given how much less the whole segment uses in the season.
-- A decline by more than the second ratio is sharp.
{% set shown = dbt.type_string() %}
with falls as (
    select
        falls.customer_id,
        falls.segment_code,
        falls.window_days,
        falls.expected_days * coalesce(seasons.season_ratio, 1.0) as expected_days,
        cast(falls.recent_days_count as {{ type_double() }}) as recent_days_count,
        case when seasons.season_ratio < 1.0 then 'season' end as subject,
        greatest(falls.valid_from, periods.valid_from, coalesce(seasons.valid_from, falls.valid_from)) as valid_from,
        least(
            falls.valid_to,
            coalesce(periods.valid_to, {{ end_of_time('date') }}),
            coalesce(seasons.valid_to, {{ end_of_time('date') }})
        ) as valid_to
    from {{ ref('state_usage_falls') }} as falls
    inner join {{ ref('customer_usage_periods') }} as periods
        on falls.customer_id = periods.customer_id
        and falls.segment_code = periods.segment_code
        and falls.valid_from < coalesce(periods.valid_to, {{ end_of_time('date') }})
        and falls.valid_to > periods.valid_from
    left join {{ ref('int_usage__segment_seasons') }} as seasons
        on falls.segment_code = seasons.segment_code
        and falls.valid_from < coalesce(seasons.valid_to, {{ end_of_time('date') }})
        and falls.valid_to > seasons.valid_from
),

-- Beyond chance in the season as well.
unusual as (
    select falls.*
    from falls
    cross join {{ ref('policy') }} as policy
    where falls.valid_from < falls.valid_to
        and falls.expected_days - falls.recent_days_count >= policy.usage_decline_min_z
        * sqrt(falls.expected_days * (1.0 + 1.0 * falls.window_days / policy.usage_baseline_days))
)

{% for signal, ratio, severity in [
    ('decline', 'policy.usage_decline_ratio', 2), ('sharp_decline', 'policy.usage_sharp_decline_ratio', 3)
] -%}
select
    unusual.customer_id,
    '{{ signal }}' as signal_code,
    unusual.segment_code,
    unusual.recent_days_count as observed_value,
    unusual.expected_days as expected_value,
    unusual.window_days,
    cast(null as bigint) as peers_count,
    {{ severity }} as severity_rank,
    unusual.subject,
    cast(null as integer) as incident_days,
    cast(null as {{ shown }}) as own_reason,
    unusual.valid_from,
    unusual.valid_to
from unusual
cross join {{ ref('policy') }} as policy
where unusual.recent_days_count <= {{ ratio }} * unusual.expected_days
{{ 'union all' if not loop.last }}
{% endfor %}
