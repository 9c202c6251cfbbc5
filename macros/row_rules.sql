{#-
SQL of the data tests `rows_satisfy` and `unique_grain`: one row per rule that is broken, with the rows that break it.
`rules` maps a name to an expression, or to {expression, message, severity}; an expression that is NULL is broken too, so
that a rule about a column that may be NULL says so. Expressions may read the one row of run_context and of policy.
-#}
{% macro broken_rules(relation, rules, recent=none) %}
{%- set grain = tested_grain() -%}
{%- set stated = [] -%}
{%- for column in grain or [] -%}
    {%- do stated.append({'name': 'missing:' ~ column, 'expression': column ~ ' is not null', 'severity': 'critical'}) -%}
{%- endfor -%}
{%- for name, rule in (rules or {}).items() -%}
    {%- set parts = {'expression': rule} if rule is string else rule -%}
    {%- do stated.append({'name': name, 'expression': parts.expression, 'severity': parts.severity or 'critical'}) -%}
{%- endfor -%}
{%- set text = stated | map(attribute='expression') | join(' ') -%}
with
{%- for context in ['run_context', 'policy'] if 'from ' ~ context in text %}
{{ context }} as (
    select * from {{ ref(context) }}
),
{% endfor %}
repeated as (
    select count(*) as repeated_count
    from (
        select count(*) as copies_count
        from {{ relation }}
        {%- for column, days in (recent or {}).items() %}
        where {{ column }} > (select {{ add_days('as_of_date', -days) }} from {{ ref('run_context') }})
        {%- endfor %}
        {{ 'group by ' ~ grain | join(', ') if grain }}
        having count(*) > {{ 'count(*)' if grain is none else 1 }}
    ) as copies
),

counted as (
    select
        {%- for rule in stated %}
        count(case when {{ rule.expression }} then null else 1 end) as broken_{{ loop.index }},
        {%- endfor %}
        count(*) as rows_count
    from {{ relation }}
),

rules as (
    select
        0 as rule_order,
        'repeated:{{ (grain or []) | join(',') }}' as broken_rule,
        'critical' as severity
    {%- for rule in stated %}
    union all
    select {{ loop.index }}, '{{ rule.name }}', '{{ rule.severity }}'
    {%- endfor %}
),

evaluated as (
    select
        rules.broken_rule,
        rules.severity,
        case rules.rule_order
            when 0 then repeated.repeated_count
            {%- for rule in stated %}
            when {{ loop.index }} then counted.broken_{{ loop.index }}
            {%- endfor %}
        end as rows_count
    from rules
    cross join repeated
    cross join counted
)

select *
from evaluated
where rows_count > 0
{% endmacro %}

{#- `config.meta.grain` of the model that the running data test belongs to; none when the model does not state one. -#}
{% macro tested_grain() %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {{ return(graph.nodes[model.attached_node].config.meta.get('grain')) }}
{% endmacro %}
