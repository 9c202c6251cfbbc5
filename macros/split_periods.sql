{#-
Days of a key split where any of several relations changes: half-open slices from one boundary to the next, none of them
empty; the last slice is open (valid_to NULL). `boundaries` is a list of [relation, [columns]], so that every relation
that may change a value is named once. Boundaries after the as-of date are not known yet, unless `with_future` is set.
-#}
{% macro split_periods(keys, boundaries, with_future=false) %}
select
    {{ keys | join(', ') }},
    boundary_date as valid_from,
    lead(boundary_date) over (partition by {{ keys | join(', ') }} order by boundary_date) as valid_to
from (
    {%- for relation, columns in boundaries %}
    {%- set is_last_relation = loop.last %}
    {%- for column in columns %}
    select
        {{ keys | join(', ') }},
        {{ column }} as boundary_date
    from {{ relation }}
    {{ 'union' if not (is_last_relation and loop.last) }}
    {%- endfor %}
    {%- endfor %}
) as boundaries
where boundary_date
    {%- if with_future %} is not null
    {%- else %} <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
    {%- endif %}
{% endmacro %}
