{#- 100 * numerator / denominator; NULL (not measurable) when the denominator is zero or NULL. -#}
{% macro pct(numerator, denominator) -%}
    cast(100.0 * {{ numerator }} / nullif({{ denominator }}, 0) as {{ type_double() }})
{%- endmacro %}

{#- Bound of the 95 % Wilson interval of a proportion, in percent; side is 'lo' or 'hi'. NULL without a denominator. -#}
{% macro wilson_pct(numerator, denominator, side) -%}
    {%- set n = 'cast(nullif(' ~ denominator ~ ', 0) as ' ~ type_double() ~ ')' -%}
    {%- set p = '(' ~ numerator ~ ' / ' ~ n ~ ')' -%}
    {%- set z = 1.959963984540054 -%}
    100.0 * ({{ p }} + {{ z * z / 2 }} / {{ n }} {{ '-' if side == 'lo' else '+' }} {{ z }}
        * sqrt(greatest({{ p }} * (1.0 - {{ p }}) / {{ n }} + {{ z * z / 4 }} / ({{ n }} * {{ n }}), 0.0)))
        / (1.0 + {{ z * z }} / {{ n }})
{%- endmacro %}

{#-
Bound of the 95 % interval, after Byar, of a count over a base that need not contain it, in percent: churn of customers who
joined in the month is over customers of its start, and may exceed 100. side is 'lo' or 'hi'. NULL without a base.
-#}
{% macro byar_pct(numerator, base, side) -%}
    {%- set count = 'cast(' ~ numerator ~ ' as ' ~ type_double() ~ ')' -%}
    {%- set n = count if side == 'lo' else '(' ~ count ~ ' + 1.0)' -%}
    case when {{ base }} > 0 then
        100.0 * coalesce({{ n }} * power(
            1.0 - 1.0 / (9.0 * nullif({{ n }}, 0)) {{ '-' if side == 'lo' else '+' }} {{ 1.959963984540054 / 3 }}
            / sqrt(nullif({{ n }}, 0)), 3
        ), 0.0) / {{ base }}
    end
{%- endmacro %}

{#-
Bound of the 95 % interval of the difference of two proportions, in percentage points, after Newcombe from their Wilson
intervals: `<left>_pct` less `<right>_pct`, whose bounds are `<left>_ci_lo` and so on; side is 'lo' or 'hi'.
-#}
{% macro newcombe_pp(left, right, side) -%}
    {%- set opposite = 'hi' if side == 'lo' else 'lo' -%}
    {{ left }}_pct - {{ right }}_pct {{ '-' if side == 'lo' else '+' }} sqrt(
        power({{ left }}_pct - {{ left }}_ci_{{ side }}, 2) + power({{ right }}_pct - {{ right }}_ci_{{ opposite }}, 2)
    )
{%- endmacro %}

{#- Whether a rate rests on enough units to be read; a rate over fewer is published and flagged. -#}
{% macro is_reliable(units_count) -%}
    {{ units_count }} >= (select policy.min_reliable_count from {{ ref('policy') }} as policy)
{%- endmacro %}
{#-
First day that a source (events, billing, payments, contacts, surveys, tickets) is recorded, as a scalar subquery; with
`column='measured_from'` the first day on which a customer may register to be measured. NULL when it is not recorded.
-#}
{% macro observed_from(source, column='observed_from') -%}
    (
        select sources.{{ column }} from {{ ref('dim_observation_starts') }} as sources
        where sources.source_code = '{{ source }}'
    )
{%- endmacro %}
