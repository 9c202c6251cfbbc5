{#- Consecutive periods of an entity, so that a join as of a moment finds at most one: of several the one that began last
holds, and the earlier one resumes when it ends. Empty periods are left out. Future periods (after as_of) are not known
yet. Only entities with periods that overlap are split. -#}
{% macro successive_periods(relation, entity, attributes, scope='true', from_day='valid_from') %}
{%- set keys = entity | join(', ') %}
with known as (
    select
        {{ keys }},
        {{ attributes | join(', ') }},
        valid_from,
        valid_to,
        case
            when lead(valid_from) over (partition by {{ keys }} order by valid_from)
                < coalesce(valid_to, {{ end_of_time('timestamp') }}) then 1
            else 0
        end as is_overlapped
    from {{ relation }}
    where {{ from_day }} <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
        and {{ scope }}
        and (valid_to is null or valid_to > valid_from)
),

periods as (
    select
        *,
        max(is_overlapped) over (partition by {{ keys }}) as has_overlap
    from known
),

overlapping as (
    select * from periods
    where has_overlap = 1
),

slices as (
    {{ split_periods(entity, [['overlapping', ['valid_from', 'valid_to']]], with_future=true) }}
),

choices as (
    select
        {% for column in entity + attributes %}
        overlapping.{{ column }},
        {% endfor %}
        overlapping.valid_from as period_from,
        slices.valid_from,
        slices.valid_to,
        row_number() over (
            partition by slices.{{ entity | join(', slices.') }}, slices.valid_from
            order by overlapping.valid_from desc
        ) as choice
    from slices
    inner join overlapping
        on {% for column in entity %}slices.{{ column }} = overlapping.{{ column }} and {% endfor %}
        {{ holds_at('overlapping', 'slices.valid_from') }}
),

marked as (
    select
        *,
        case
            when period_from = lag(period_from) over in_order and valid_from = lag(valid_to) over in_order then 0
            else 1
        end as is_start
    from choices
    where choice = 1
    window in_order as (partition by {{ keys }} order by valid_from)
),

numbered as (
    select
        *,
        sum(is_start) over (
            partition by {{ keys }} order by valid_from rows between unbounded preceding and current row
        ) as stretch
    from marked
)

select
    {{ keys }},
    {{ attributes | join(', ') }},
    valid_from,
    valid_to
from periods
where has_overlap = 0
union all
select
    {{ keys }},
    {{ attributes | join(', ') }},
    min(valid_from) as valid_from,
    case when count(*) = count(valid_to) then max(valid_to) end as valid_to
from numbered
group by {{ keys }}, {{ attributes | join(', ') }}, stretch
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
