-- Every measurable customer once per cut of ACT-04, in the own registration month and in all months together.
{% set dimensions = {
    'all': "'all'",
    'segment': "coalesce(segment_code, 'unassigned')",
    'region': "coalesce(region, 'unknown')",
    'channel': "coalesce(acquisition_channel, 'unknown')",
    'employee': "coalesce(onboarding_owner_id, 'unassigned')",
} %}
{% for dimension, value in dimensions.items() %}
{% for month in ['registration_month', 'cast(null as date)'] %}
select
    customer_id,
    '{{ dimension }}' as dimension_name,
    {{ value }} as dimension_value,
    {{ month }} as registration_month,
    tenure_days,
    days_to_activate,
    is_activated,
    is_mature
from {{ ref('mart_activation_customer') }}
where is_measurable
{{ 'union all' if not loop.last }}
{% endfor %}
{{ 'union all' if not loop.last }}
{% endfor %}
