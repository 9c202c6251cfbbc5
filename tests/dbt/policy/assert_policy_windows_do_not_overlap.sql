-- Prevents two rows of a policy from holding on one day: which of them would count is chance (DQ-09).
{{ config(meta={'serves': ['DQ-09']}) }}
-- depends_on: {{ ref('alert_rules') }} {{ ref('key_actions') }} {{ ref('metric_targets') }}
-- depends_on: {{ ref('survey_questions') }} {{ ref('dim_key_actions') }}
-- depends_on: {{ ref('metric_alert_rules') }}
with windows as (
    select
        'none' as seed_name,
        'none' as row_key,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to
    where 1 = 0
    {%- for seed in policy_seeds() if seed.interval %}
    union all
    select
        '{{ seed.name }}' as seed_name,
        {% for column in seed.key if column not in seed.interval -%}
        cast({{ column }} as {{ dbt.type_string() }}){{ " || ' ' || " if not loop.last }}
        {%- endfor %} as row_key,
        {{ seed.interval[0] }} as valid_from,
        {{ seed.interval[1] }} as valid_to
    from {{ ref(seed.name) }}
    {%- endfor %}
),

followed as (
    select
        *,
        lead(valid_from) over (partition by seed_name, row_key order by valid_from) as next_from
    from windows
)

select *
from followed
where valid_to <= valid_from
    or next_from < valid_to
    or (valid_to is null and next_from is not null)
