{#- 100 * numerator / denominator; NULL (not measurable) when the denominator is zero or NULL. -#}
{% macro pct(numerator, denominator) -%}
    cast(100.0 * {{ numerator }} / nullif({{ denominator }}, 0) as {{ type_double() }})
{%- endmacro %}

{#-
Bound of the 95 % Wilson interval of a proportion, in percent; side is 'lo' or 'hi'. NULL without a denominator. The bound of
nobody and of everybody is exactly that, which the formula misses by rounding.
-#}
{% macro wilson_pct(numerator, denominator, side) -%}
    {%- set n = 'cast(nullif(' ~ denominator ~ ', 0) as ' ~ type_double() ~ ')' -%}
    {%- set p = '(' ~ numerator ~ ' / ' ~ n ~ ')' -%}
    {%- set z = 1.959963984540054 -%}
    case
        when {{ p }} = {{ 0 if side == 'lo' else 1 }} then {{ 0.0 if side == 'lo' else 100.0 }}
        else 100.0 * ({{ p }} + {{ z * z / 2 }} / {{ n }} {{ '-' if side == 'lo' else '+' }} {{ z }}
            * sqrt(greatest({{ p }} * (1.0 - {{ p }}) / {{ n }} + {{ z * z / 4 }} / ({{ n }} * {{ n }}), 0.0)))
            / (1.0 + {{ z * z }} / {{ n }})
    end
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

{#-
Bound of the 95 % interval of the ratio of two proportions, after Katz; side is 'lo' or 'hi'. NULL where one of them is zero
or has no denominator.
-#}
{% macro ratio_ci(numerator, denominator, base_numerator, base_denominator, side) -%}
    {%- set counts = [] -%}
    {%- for count in [numerator, denominator, base_numerator, base_denominator] -%}
        {%- do counts.append('cast(nullif(' ~ count ~ ', 0) as ' ~ type_double() ~ ')') -%}
    {%- endfor -%}
    exp(
        ln({{ counts[0] }} / {{ counts[1] }} / ({{ counts[2] }} / {{ counts[3] }}))
        {{ '-' if side == 'lo' else '+' }} 1.959963984540054
        * sqrt(1.0 / {{ counts[0] }} - 1.0 / {{ counts[1] }} + 1.0 / {{ counts[2] }} - 1.0 / {{ counts[3] }})
    )
{%- endmacro %}

{#-
Place, among values in ascending order, of the bound of the 95 % interval of their median; side is 'lo' or 'hi'. The interval
assumes no distribution. Fewer than six values have none: even the smallest and the largest do not hold 95 %.
-#}
{% macro median_place(values_count, side) -%}
    case when {{ values_count }} >= 6 then
        {%- if side == 'lo' %}
        greatest(1, floor(({{ values_count }} - {{ 1.959963984540054 }} * sqrt(1.0 * {{ values_count }})) / 2.0))
        {%- else %}
        least({{ values_count }}, ceil(1.0 + ({{ values_count }} + {{ 1.959963984540054 }} * sqrt(1.0 * {{ values_count }})) / 2.0))
        {%- endif %}
    end
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

{#- A floating point number to so many digits, a half away from 0: some engines round only decimals to digits. -#}
{% macro rounded(number, digits) -%}
    {{ adapter.dispatch('rounded', 'stayhouse')(number, digits) }}
{%- endmacro %}

{% macro default__rounded(number, digits) -%}
    round({{ number }}, {{ digits }})
{%- endmacro %}

{#- By way of a decimal it would round what the decimal shows, not what the number is. -#}
{% macro postgres__rounded(number, digits) -%}
    sign({{ number }}) * floor(abs({{ number }}) * 1e{{ digits }} + 0.5) / 1e{{ digits }}
{%- endmacro %}
