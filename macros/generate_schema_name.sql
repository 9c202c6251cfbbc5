{#- Schemas are named as configured. Where another project installs this one as a dbt package, they begin with the schema of
the target, as dbt has it: a developer never builds over somebody else's. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if project_name == 'stayhouse' -%}
        {{ custom_schema_name | trim if custom_schema_name else target.schema }}
    {%- else -%}
        {{ default__generate_schema_name(custom_schema_name, node) }}
    {%- endif -%}
{%- endmacro %}
