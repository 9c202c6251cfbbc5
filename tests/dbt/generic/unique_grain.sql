{#-
One row per grain: its columns are filled, and together they are unique. Returns the offending keys.
`recent`, {column: days}, looks at the last days only, for facts that a night must not read as a whole.
-#}
{% test unique_grain(model, columns, recent=none) %}
select
    {{ columns | join(', ') }},
    count(*) as rows_count
from {{ model }}
{%- for column, days in (recent or {}).items() %}
where {{ column }} > (select {{ add_days('as_of_date', -days) }} from {{ ref('run_context') }})
{%- endfor %}
group by {{ columns | join(', ') }}
having count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}
{% endtest %}
