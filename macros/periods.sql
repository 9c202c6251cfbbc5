{#- Consecutive periods of an entity: each ends at the latest where the next begins, so that a join as of a moment finds
at most one. Empty periods are left out. Future periods (after as_of) are not known yet. -#}
{% macro successive_periods(relation, entity, attributes, from_column='valid_from', to_column='valid_to', scope='true', from_day=none) %}
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
    where {{ from_day or from_column }} <= (select as_of_date from {{ ref('run_context') }})
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
Periods that overlap or follow one another without a gap become one. `relation` has valid_from and valid_to, where NULL or
the end of time is open; `carried` maps columns to the aggregate that sums up a merged period, whose first day is in
`island_from`: of the rows that begin on it none is the first.
-#}
{% macro merged_periods(relation, keys, carried={}) %}
select
    {{ keys | join(', ') }},
    {%- for column, aggregate in carried.items() %}
    {{ aggregate }} as {{ column }},
    {%- endfor %}
    min(valid_from) as valid_from,
    case when count(*) = count(valid_to) then max(valid_to) end as valid_to
from (
    select
        *,
        sum(is_start) over so_far as island
        {%- if carried %},
        max(case when is_start = 1 then valid_from end) over so_far as island_from
        {%- endif %}
    from (
        select
            *,
            case
                when valid_from <= max(coalesce(valid_to, {{ end_of_time('timestamp') }})) over (
                    partition by {{ keys | join(', ') }} order by valid_from, valid_to nulls last
                    rows between unbounded preceding and 1 preceding
                ) then 0
                else 1
            end as is_start
        from {{ relation }}
    ) as marked
    window so_far as (
        -- The beginning first: among equal rows this window may take another order than the one above.
        partition by {{ keys | join(', ') }} order by valid_from, is_start desc, valid_to nulls last
        rows between unbounded preceding and current row
    )
) as numbered
group by {{ keys | join(', ') }}, island
{% endmacro %}

{#- The end of a period that is not over, as a date or a timestamp; comparisons with it need no NULL handling. -#}
{% macro end_of_time(type) -%}
    {{ "date '9999-12-31'" if type == 'date' else "timestamp '9999-12-31 00:00:00'" }}
{%- endmacro %}

{#- Whether a period of `relation` holds at a day or moment: from its beginning until before its end, NULL being open. -#}
{% macro holds_at(relation, moment) -%}
    {{ relation }}.valid_from <= {{ moment }}
        and coalesce({{ relation }}.valid_to, {{ end_of_time('timestamp') }}) > {{ moment }}
{%- endmacro %}
