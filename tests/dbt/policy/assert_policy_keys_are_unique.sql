-- Prevents a policy row that stands twice from doubling every join; keys are the `meta.key` of seeds/_seeds.yml.
{{ config(meta={'dagster': {'ref': {'name': 'dim_key_actions'}}}) }}
-- depends_on: {{ ref('components') }} {{ ref('event_catalogue') }} {{ ref('key_actions') }} {{ ref('metric_targets') }}
-- depends_on: {{ ref('plan_components') }} {{ ref('plans') }} {{ ref('segment_components') }} {{ ref('segments') }}
-- depends_on: {{ ref('thresholds') }} {{ ref('dim_key_actions') }}
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
