{#-
Breakdowns: a measure over everybody (`all`) and over each value of some dimensions, as rows with dimension_name and
dimension_value. `dimensions` maps names to columns that are never NULL, such as {'segment': 'segment_code'}.
-#}

{#- dimension_name and dimension_value of rows that breakdown_sets grouped. -#}
{% macro breakdown_columns(dimensions) -%}
    case {% for name, column in dimensions.items() %}when grouping({{ column }}) = 0 then '{{ name }}' {% endfor %}else 'all' end
        as dimension_name,
    case {% for column in dimensions.values() %}when grouping({{ column }}) = 0 then {{ column }} {% endfor %}else 'all' end
        as dimension_value
{%- endmacro %}

{#- What to group by: every row counts once in `all` and once in each dimension, per combination of the columns `by`. -#}
{% macro breakdown_sets(dimensions, by) -%}
    grouping sets (({{ by | join(', ') }}){% for column in dimensions.values() %}, ({{ (by + [column]) | join(', ') }}){% endfor %})
{%- endmacro %}

{#-
The rows themselves, once in `all` and once in each dimension, where one grouping is not enough: for windows, joins, or
several counts of the same rows. `dimensions` may map to expressions here.
-#}
{% macro breakdowns(relation, dimensions) -%}
    select
        'all' as dimension_name,
        'all' as dimension_value,
        broken_down.*
    from {{ relation }} as broken_down
    {%- for name, column in dimensions.items() %}
    union all
    select
        '{{ name }}' as dimension_name,
        {{ column }} as dimension_value,
        broken_down.*
    from {{ relation }} as broken_down
    {%- endfor %}
{%- endmacro %}
