{#- A raw timestamp in the business time zone. The one place where a zone is applied (staging calls it). -#}
{% macro business_time(column) -%}
    {%- if var('source_timezone') == var('business_timezone') -%}
        {{ column }}
    {%- else -%}
        {{ adapter.dispatch('convert_timezone', 'stayhouse')(column, var('source_timezone'), var('business_timezone')) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__convert_timezone(column, source_zone, target_zone) -%}
    (({{ column }} at time zone '{{ source_zone }}') at time zone '{{ target_zone }}')
{%- endmacro %}

{% macro spark__convert_timezone(column, source_zone, target_zone) -%}
    from_utc_timestamp(to_utc_timestamp({{ column }}, '{{ source_zone }}'), '{{ target_zone }}')
{%- endmacro %}

{#- Whole calendar days from one date to a later one. -#}
{% macro days_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, 'day') }}
{%- endmacro %}

{#- A date moved by a number of days, as a date (dbt.dateadd returns a timestamp). -#}
{% macro add_days(day, days) -%}
    cast({{ dbt.dateadd('day', days, day) }} as date)
{%- endmacro %}

{#- The first day of the month, week or quarter of a date. -#}
{% macro period_start(grain, day) -%}
    cast({{ dbt.date_trunc(grain, day) }} as date)
{%- endmacro %}
