{#-
The cuts of the churn bridges, added up from the movements cube: a row per month, cut and value. What was there when the
month began stands at the value it had then, everything else at the value it is credited to; who changed the value is
moved out of one and into the other, so that every value closes by itself. `opening` maps measures of the opening and
the moves to a name; `credited` lists the others.
-#}
{% macro churn_cuts(dimensions, opening, moved, credited) %}
    {%- set sides = ['opening', 'credited'] -%}
    {%- for dimension in dimensions -%}
    {%- for side in sides %}
    select
        '{{ dimension }}' as dimension_name,
        {{ "'all'" if dimension == 'all' else side ~ '_' ~ dimension }} as dimension_value,
        month_date,
        {%- for measure in opening %}
        sum({{ measure if side == 'opening' else '0 * ' ~ measure }}) as {{ measure }},
        {%- endfor %}
        {%- for name, measure in moved.items() %}
        {%- set is_moved = '0' if dimension == 'all' else
            'case when opening_' ~ dimension ~ ' <> credited_' ~ dimension ~ ' then ' ~ measure ~ ' else 0 end' %}
        sum({{ is_moved if side == 'opening' else '0' }}) as moved_out_{{ name }},
        sum({{ is_moved if side == 'credited' else '0' }}) as moved_in_{{ name }},
        {%- endfor %}
        {%- for measure in credited %}
        sum({{ measure if side == 'credited' else '0 * ' ~ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_churn__movements_cube') }}
    where cube_part = '{{ 'owner' if dimension == 'owner' else 'profile' }}'
    group by {{ '' if dimension == 'all' else side ~ '_' ~ dimension ~ ', ' }}month_date
    {{ 'union all' if not (loop.last and dimension == dimensions[-1]) }}
    {%- endfor -%}
    {%- endfor %}
{% endmacro %}
