-- Prevents a policy row that stands twice from doubling every join; keys are the `meta.key` of seeds/_seeds.yml.
{{ config(meta={'serves': ['DQ-09']}) }}
-- depends_on: {{ ref('alert_rules') }} {{ ref('churn_reasons') }} {{ ref('comm_plan_rules') }} {{ ref('components') }}
-- depends_on: {{ ref('contact_channels') }} {{ ref('contact_effectiveness') }} {{ ref('contact_purposes') }}
-- depends_on: {{ ref('contact_outcomes') }} {{ ref('contact_reasons') }}
-- depends_on: {{ ref('event_catalogue') }} {{ ref('exchange_rates') }} {{ ref('holidays') }} {{ ref('hour_bands') }}
-- depends_on: {{ ref('journey_stages') }} {{ ref('key_actions') }} {{ ref('metric_targets') }}
-- depends_on: {{ ref('plan_components') }} {{ ref('plans') }} {{ ref('playbooks') }} {{ ref('region_time_zones') }}
-- depends_on: {{ ref('retention_brackets') }} {{ ref('retention_settings') }} {{ ref('score_routes') }}
-- depends_on: {{ ref('segment_components') }} {{ ref('segments') }} {{ ref('survey_metrics') }}
-- depends_on: {{ ref('survey_questions') }} {{ ref('survey_rollout') }} {{ ref('survey_triggers') }}
-- depends_on: {{ ref('surveys') }} {{ ref('tenure_bands') }} {{ ref('thresholds') }} {{ ref('usage_anomalies') }}
-- depends_on: {{ ref('dim_key_actions') }}
-- depends_on: {{ ref('metric_alert_rules') }} {{ ref('next_steps') }} {{ ref('outcome_events') }}
-- depends_on: {{ ref('observation_starts') }}
-- depends_on: {{ ref('components') }} {{ ref('event_catalogue') }} {{ ref('key_actions') }} {{ ref('metric_targets') }}
-- depends_on: {{ ref('plan_components') }} {{ ref('plans') }} {{ ref('segment_components') }} {{ ref('segments') }}
-- depends_on: {{ ref('thresholds') }} {{ ref('usage_anomalies') }} {{ ref('dim_key_actions') }}
with keys as (
    select
        'none' as seed_name,
        'none' as row_key,
        0 as empty_count
    where 1 = 0
    {%- for seed in policy_seeds() %}
    union all
    select
        '{{ seed.name }}' as seed_name,
        {% for column in seed.key -%}
        coalesce(cast({{ column }} as {{ dbt.type_string() }}), '(empty)'){{ " || ' ' || " if not loop.last }}
        {%- endfor %} as row_key,
        {% for column in seed.key -%}
        case when {{ column }} is null then 1 else 0 end{{ ' + ' if not loop.last }}
        {%- endfor %} as empty_count
    from {{ ref(seed.name) }}
    {%- endfor %}
)

select
    seed_name,
    row_key,
    count(*) as rows_count
from keys
group by seed_name, row_key
having count(*) > 1
    or max(empty_count) > 0
