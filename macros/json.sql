{#- A text value out of a JSON text column; NULL when the key is absent. -#}
{% macro json_text(column, key) -%}
    {{ adapter.dispatch('json_text', 'stayhouse')(column, key) }}
{%- endmacro %}

{% macro default__json_text(column, key) -%}
    (cast({{ column }} as json) ->> '{{ key }}')
{%- endmacro %}

{% macro spark__json_text(column, key) -%}
    get_json_object({{ column }}, '$.{{ key }}')
{%- endmacro %}
