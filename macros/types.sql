{#- Types that engines call by different names and dbt has no macro for. -#}

{#- A floating point number of double precision. dbt's type_float is one of single precision on Spark. -#}
{% macro type_double() -%}
    {{ adapter.dispatch('type_double', 'stayhouse')() }}
{%- endmacro %}

{% macro default__type_double() -%} double {%- endmacro %}

{% macro postgres__type_double() -%} double precision {%- endmacro %}
