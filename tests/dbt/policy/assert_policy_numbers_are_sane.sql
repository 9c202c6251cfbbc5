-- Prevents a policy that contradicts itself from shaping numbers nobody can explain (DQ-09).
{{ config(meta={'serves': ['DQ-09']}) }}
with segment_components as (
    select
        components.*,
        segments.scheme
    from {{ ref('segment_components') }} as components
    left join {{ ref('segments') }} as segments
        on components.segment_code = segments.segment_code
),

needed_thresholds as (
    {%- for code in policy_thresholds() %}
    select '{{ code }}' as threshold_code
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    'weight without relevance, or relevance without weight' as fault,
    segment_code || ' ' || component_code as row_key
from segment_components
where is_relevant <> (coalesce(weight, 0) > 0)
union all
select
    'critical but not relevant' as fault,
    segment_code || ' ' || component_code as row_key
from segment_components
where is_critical
    and not is_relevant
union all
select
    'not a usage segment' as fault,
    segment_code || ' ' || component_code as row_key
from segment_components
where coalesce(scheme, '') <> 'usage'
union all
select
    'usage segment without a limit of silence' as fault,
    segment_code as row_key
from {{ ref('segments') }}
where scheme = 'usage'
    and churn_inactivity_days is null
union all
select
    'threshold is missing' as fault,
    needed_thresholds.threshold_code as row_key
from needed_thresholds
left join {{ ref('dim_thresholds') }} as thresholds
    on needed_thresholds.threshold_code = thresholds.threshold_code
where thresholds.threshold_value is null
union all
select
    'windows do not grow: short < medium < long' as fault,
    'activation_window' as row_key
where {{ threshold('activation_window_short_days') }} >= {{ threshold('activation_window_medium_days') }}
    or {{ threshold('activation_window_medium_days') }} >= {{ threshold('activation_window_long_days') }}
union all
select
    'percentage above 100' as fault,
    threshold_code as row_key
from {{ ref('dim_thresholds') }}
where unit = 'percent'
    and threshold_value > 100
union all
select
    'days that are no whole number' as fault,
    threshold_code as row_key
from {{ ref('dim_thresholds') }}
where unit = 'days'
    and threshold_value <> floor(threshold_value)
