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

{#- A moment of the business time zone on the clock of another zone, which a column names. -#}
{% macro local_time(column, zone_column) -%}
    {{ adapter.dispatch('convert_timezone_of_row', 'stayhouse')(column, var('business_timezone'), zone_column) }}
{%- endmacro %}

{% macro default__convert_timezone_of_row(column, source_zone, zone_column) -%}
    (({{ column }} at time zone '{{ source_zone }}') at time zone {{ zone_column }})
{%- endmacro %}

{% macro spark__convert_timezone_of_row(column, source_zone, zone_column) -%}
    from_utc_timestamp(to_utc_timestamp({{ column }}, '{{ source_zone }}'), {{ zone_column }})
{%- endmacro %}

{#- A moment moved by a number of minutes or hours. -#}
{% macro add_time(part, moment, number) -%}
    cast({{ dbt.dateadd(part, number, moment) }} as timestamp)
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

{#- True on Saturday and Sunday, counted from the Monday of the week: engines disagree on the numbers of weekdays. -#}
{% macro is_weekend(moment) -%}
    {{ days_between(period_start('week', moment), moment) }} >= 5
{%- endmacro %}

{#- Hour of a moment, 0 to 23. -#}
{% macro hour_of(moment) -%}
    cast(extract(hour from {{ moment }}) as integer)
{%- endmacro %}

{#- Whole minutes from one moment to a later one. -#}
{% macro minutes_between(earlier, later) -%}
    {{ adapter.dispatch('minutes_between', 'stayhouse')(earlier, later) }}
{%- endmacro %}

{% macro default__minutes_between(earlier, later) -%}
    floor((extract(epoch from {{ later }}) - extract(epoch from {{ earlier }})) / 60)
{%- endmacro %}

{% macro spark__minutes_between(earlier, later) -%}
    floor((unix_timestamp({{ later }}) - unix_timestamp({{ earlier }})) / 60)
{%- endmacro %}

{#- A date moved by whole months from the anchor, as a date; ends of short months are clipped. -#}
{% macro add_months(day, months) -%}
    cast({{ dbt.dateadd('month', months, day) }} as date)
{%- endmacro %}
