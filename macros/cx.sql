{#- The breakdowns of customer experience: columns of int_cx__touches, each one breakdown; `all` is added. -#}
{% macro cx_dimensions() %}
    {{ return([
        'status', 'usage_segment', 'value_segment', 'plan_code', 'tenure_band', 'owner_id', 'region', 'channel',
        'stage_code', 'touchpoint_code', 'trigger_key', 'recent_ticket', 'ticket_topic', 'agent', 'unit',
    ]) }}
{% endmacro %}

{#- The same as columns for `breakdowns`. -#}
{% macro cx_columns() %}
    {%- set columns = {} -%}
    {%- for dimension in cx_dimensions() -%}{%- do columns.update({dimension: dimension}) -%}{%- endfor -%}
    {{ return(columns) }}
{% endmacro %}

{#- The periods for which indices are computed, with their months. A period of the calendar begins once a month, quarter or year, a
window of whole months in every month. -#}
{% macro cx_period_months() %}
    {{ return({'month': 1, 'quarter': 3, 'year': 12, 'rolling_3m': 3, 'rolling_12m': 12}) }}
{% endmacro %}

{#-
Estimate and variance of an index from its counts, valid with few answers. net: adjusted Wald, 3/4 of a
promoter, 3/4 of a detractor and 3/2 of a passive are added (Rocks 2016, The American Statistician 70). share: one success
and one failure are added (Agresti and Caffo 2000). mean: the mean and its sample variance, NULL for a single answer.
-#}
{% macro cx_estimate(kind, part='', from='') -%}
    {%- set n, top, bottom, points = cx_parts(part, from) -%}
    case {{ kind }}
        when 'net' then 100.0 * ({{ top }} - {{ bottom }}) / ({{ n }} + 3.0)
        when 'share' then 100.0 * ({{ top }} + 1.0) / ({{ n }} + 2.0)
        else {{ points }} / nullif({{ n }}, 0)
    end
{%- endmacro %}

{% macro cx_variance(kind, part='', from='') -%}
    {%- set n, top, bottom, points = cx_parts(part, from) -%}
    case {{ kind }}
        when 'net' then 10000.0 * (
            ({{ top }} + {{ bottom }} + 1.5) / ({{ n }} + 3.0) - power(({{ top }} - {{ bottom }}) / ({{ n }} + 3.0), 2)
        ) / ({{ n }} + 3.0)
        when 'share' then 10000.0 * ({{ top }} + 1.0) * ({{ n }} - {{ top }} + 1.0) / power({{ n }} + 2.0, 3)
        else greatest({{ from }}{{ part }}score_squares - {{ points }} * {{ points }} / nullif({{ n }}, 0), 0)
            / nullif({{ n }} * ({{ n }} - 1.0), 0)
    end
{%- endmacro %}

{% macro cx_parts(part, from) %}
    {%- set columns = [] -%}
    {%- for name in ['respondents_count', 'top_count', 'bottom_count', 'score_points'] -%}
        {%- do columns.append(from ~ part ~ name) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}

{#- The plain index from counts; NULL without respondents. -#}
{% macro cx_index(kind, n, top, bottom, points) -%}
    cast(case {{ kind }}
        when 'net' then 100.0 * ({{ top }} - {{ bottom }}) / nullif({{ n }}, 0)
        when 'share' then 100.0 * {{ top }} / nullif({{ n }}, 0)
        else 1.0 * {{ points }} / nullif({{ n }}, 0)
    end as {{ type_double() }})
{%- endmacro %}

{#-
The 97.5 % point of Student's t; of the normal curve when degrees are NULL. The logarithm of its ratio to the normal point is a
polynomial of 1 / degrees, fitted for one degree and more and off by less than 0.002 %. Series in powers of 1 / degrees, such
as Abramowitz and Stegun 26.7.5, give 7.2 instead of 12.7 for two answers.
-#}
{% macro student_975(degrees) -%}
    {%- set x = '(1.0 / cast(' ~ degrees ~ ' as ' ~ type_double() ~ '))' -%}
    (1.959963984540054 * exp(coalesce({{ x }} * (1.21008905 + {{ x }} * (0.70839589 + {{ x }} * (
        0.16593934 + {{ x }} * (-0.31565339 + {{ x }} * 0.10040612)))), 0.0)))
{%- endmacro %}

{#- A t statistic as the normal deviate of the same tail (Abramowitz and Stegun 26.7.8); itself when degrees are NULL. -#}
{% macro student_as_normal(t, degrees) -%}
    ({{ t }} * coalesce((1.0 - 0.25 / {{ degrees }}) / sqrt(1.0 + power({{ t }}, 2) / (2.0 * {{ degrees }})), 1.0))
{%- endmacro %}

{#- How often chance alone gives a normal deviate as far from zero, in percent; off by less than 0.00002
    (Abramowitz and Stegun 7.1.26). -#}
{% macro by_chance_pct(z) -%}
    {%- set x = '(abs(' ~ z ~ ') / 1.4142135623730951)' -%}
    {%- set t = '(1.0 / (1.0 + 0.3275911 * ' ~ x ~ '))' -%}
    (100.0 * {{ t }} * (0.254829592 + {{ t }} * (-0.284496736 + {{ t }} * (1.421413741 + {{ t }} * (
        -1.453152027 + {{ t }} * 1.061405429)))) * exp(-power({{ x }}, 2)))
{%- endmacro %}
