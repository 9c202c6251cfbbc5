{#-
Periods of one entity that follow one another: each ends where the next begins, at the latest, so that a join as of a
moment finds at most one. Periods without a day are left out. Future periods (after as_of) are not known yet.
-#}
{% macro successive_periods(relation, entity, attributes, from_column='valid_from', to_column='valid_to', scope='true') %}
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
        and {{ scope }}
)

select
    {{ entity | join(', ') }},
    {{ attributes | join(', ') }},
    {{ from_column }},
    {{ to_column }}
from periods
where {{ to_column }} is null or {{ to_column }} > {{ from_column }}
{% endmacro %}

{#-
CTEs that unite periods of one entity which overlap or meet: the last one, `<name>`, has the entity, valid_from and
valid_to. Periods come from the relation or CTE `relation` with the columns valid_from and valid_to; NULL is open.
-#}
{% macro united_periods_ctes(name, relation, entity) %}
{{ name }}_marked as (
    select
        {{ entity | join(', ') }},
        valid_from,
        valid_to,
        case
            when valid_from <= max(coalesce(valid_to, {{ far_future() }})) over (
                partition by {{ entity | join(', ') }} order by valid_from, valid_to nulls last
                rows between unbounded preceding and 1 preceding
            ) then 0
            else 1
        end as is_start
    from {{ relation }}
),

{{ name }}_numbered as (
    select
        {{ entity | join(', ') }},
        valid_from,
        valid_to,
        sum(is_start) over (
            -- The beginning first: among equal rows this window may take another order than the one above.
            partition by {{ entity | join(', ') }} order by valid_from, is_start desc, valid_to nulls last
            rows between unbounded preceding and current row
        ) as period_number
    from {{ name }}_marked
),

{{ name }} as (
    select
        {{ entity | join(', ') }},
        min(valid_from) as valid_from,
        case when count(*) = count(valid_to) then max(valid_to) end as valid_to
    from {{ name }}_numbered
    group by {{ entity | join(', ') }}, period_number
)
{% endmacro %}

{#- Later than anything; stands for an open end in comparisons. -#}
{% macro far_future() -%} timestamp '9999-12-31 00:00:00' {%- endmacro %}
