{#-
Periods of one entity that follow one another: each ends where the next begins, at the latest, so that a join as of a
moment finds at most one. Periods without a day are left out. Future periods (after as_of) are not known yet.
-#}
{% macro successive_periods(relation, entity, attributes, from_column='valid_from', to_column='valid_to') %}
with periods as (
    select
        {{ entity | join(', ') }},
        {{ attributes | join(', ') }},
        {{ from_column }},
        least(
            {{ to_column }},
            lead({{ from_column }}) over (partition by {{ entity | join(', ') }} order by {{ from_column }})
        ) as {{ to_column }}
    from {{ relation }}
    where cast({{ from_column }} as date) <= (select as_of_date from {{ ref('run_context') }})
)

select
    {{ entity | join(', ') }},
    {{ attributes | join(', ') }},
    {{ from_column }},
    {{ to_column }}
from periods
where {{ to_column }} is null or {{ to_column }} > {{ from_column }}
{% endmacro %}
