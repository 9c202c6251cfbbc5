{#- A number from 0 to 99 that belongs to an identifier for ever; the same on every engine. -#}
{% macro percent_bucket(column) -%}
    floor((
        16.0 * ({{ dbt.position("substring(md5(" ~ column ~ "), 1, 1)", "'0123456789abcdef'") }} - 1)
        + {{ dbt.position("substring(md5(" ~ column ~ "), 2, 1)", "'0123456789abcdef'") }} - 1
    ) * 100.0 / 256.0)
{%- endmacro %}

{#- A moment as it is known at the close of the business day: NULL when it lies later. Needs run_context joined. -#}
{% macro known(column) -%}
    case when {{ column }} < run_context.as_of_end_at then {{ column }} end
{%- endmacro %}

