{#- The usage level: weight of the relevant components in use, of the weight of all that the customer could use (0-100). -#}
{% macro usage_level_pct(used_weight, available_weight) -%}
    {{ pct(used_weight, available_weight) }}
{%- endmacro %}

{#- Days of the current weeks, over which levels, volumes and breadth of use are taken; the query joins `policy`. -#}
{% macro usage_current_days() -%}
    (7 * policy.usage_current_weeks)
{%- endmacro %}

{#- The signals of usage health, the most severe first. -#}
{% macro usage_signals() %}
    {{ return([
        'dormant', 'sharp_decline', 'low_start', 'excessive', 'decline', 'below_segment', 'component_abandoned',
    ]) }}
{% endmacro %}

{#- Whether a signal is among codes between blanks; false without any. -#}
{% macro has_signal(codes, signal) -%}
    coalesce({{ dbt.position("' " ~ signal ~ " '", "' ' || " ~ codes ~ " || ' '") }} > 0, false)
{%- endmacro %}

{#- A number with one decimal, as text for people. -#}
{% macro shown_number(value) -%}
    cast(cast({{ value }} as decimal(18, 1)) as {{ dbt.type_string() }})
{%- endmacro %}

{#- A whole number, as text for people. -#}
{% macro shown_whole(value) -%}
    cast(cast({{ value }} as integer) as {{ dbt.type_string() }})
{%- endmacro %}

{#- Version of the definition of the usage-health status; raised when the rules change, not when a threshold does. -#}
{% macro usage_health_version() -%} 'usage_health_2' {%- endmacro %}

{#- Label of a recency band: in weeks where the unit is whole weeks. -#}
{% macro recency_band(unit, band) -%}
    case
        when {{ band }} is null then 'never_used'
        else cast(cast({{ unit }} * ({{ band }} - 1) / case when {{ unit }} % 7 = 0 then 7 else 1 end as integer) as {{ dbt.type_string() }})
            || case
                when {{ band }} > 3 then case when {{ unit }} % 7 = 0 then 'w+' else 'd+' end
                else '-' || cast(cast({{ unit }} * {{ band }} / case when {{ unit }} % 7 = 0 then 7 else 1 end as integer) as {{ dbt.type_string() }})
                    || case when {{ unit }} % 7 = 0 then 'w' else 'd' end
            end
    end
{%- endmacro %}

{#- Days without use up to which the third recency band goes; beyond it inactivity is grave. -#}
{% macro third_band_days(unit) -%} (3 * {{ unit }}) {%- endmacro %}

{#- Number of the recency band: boundaries belong to the lower band, 4 is everything beyond the third. -#}
{% macro recency_band_number(inactive_days, unit) -%}
    case
        when {{ inactive_days }} is null then null
        when {{ inactive_days }} <= {{ unit }} then 1
        when {{ inactive_days }} <= 2 * {{ unit }} then 2
        when {{ inactive_days }} <= {{ third_band_days(unit) }} then 3
        else 4
    end
{%- endmacro %}

{#- The values of a group in ascending order as one text, separated by blanks. -#}
{% macro sorted_list(column) -%}
    {{ adapter.dispatch('sorted_list', 'stayhouse')(column) }}
{%- endmacro %}

{% macro default__sorted_list(column) -%}
    string_agg({{ column }}, ' ' order by {{ column }})
{%- endmacro %}

{#- A sorted list takes DuckDB a third of the time of an aggregate with an order. -#}
{% macro duckdb__sorted_list(column) -%}
    array_to_string(list_sort(list({{ column }}) filter (where {{ column }} is not null)), ' ')
{%- endmacro %}

{#- Spark ignores an order within listagg. -#}
{% macro spark__sorted_list(column) -%}
    array_join(sort_array(collect_list({{ column }})), ' ')
{%- endmacro %}

{#-
The relevant components that the segments and plans of a relation may use, each from available_date on; the plan of those
without one is '(none)'.
-#}
{% macro entitled_components(relation) %}
    select
        combinations.segment_code,
        coalesce(combinations.plan_code, '(none)') as plan_code,
        components.component_code,
        components.weight,
        coalesce(components.available_date, date '1900-01-01') as available_date
    from (
        select distinct
            segment_code,
            plan_code
        from {{ relation }}
    ) as combinations
    inner join {{ ref('dim_segment_components') }} as components
        on combinations.segment_code = components.segment_code
        and components.is_relevant
    left join {{ ref('plan_components') }} as holdings
        on combinations.plan_code = holdings.plan_code
        and components.component_code = holdings.component_code
    where coalesce(holdings.is_available, true)
{% endmacro %}

{#- The statuses of usage health that warn, and whether falling use is their reason. -#}
{% macro warning_statuses() -%}
    {%- for status, is_falling in {'stopped': true, 'at_risk': true, 'to_verify': false, 'watch': true}.items() %}
    select '{{ status }}' as health_status, {{ is_falling }} as measures_inactivity{{ ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- Whether a code is one of a list between bars. -#}
{% macro is_listed_in(code, list) -%}
    {{ dbt.position("'|' || " ~ code ~ " || '|'", "'|' || coalesce(" ~ list ~ ", '') || '|'") }} > 0
{%- endmacro %}
