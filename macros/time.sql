{#- Moments are UTC, days are business days. Staging converts a raw timestamp, which is in the source's zone, to UTC
once; only the macros of this file know the business time zone. With both zones UTC they compile to plain casts. -#}

{#- A raw timestamp as a moment in UTC. Only staging and what reads raw moments directly call it. -#}
{% macro utc_moment(column) -%}
    {%- if var('source_timezone') == 'UTC' -%}
        {{ column }}
    {%- else -%}
        {{ adapter.dispatch('convert_timezone', 'stayhouse')(column, "'" ~ var('source_timezone') ~ "'", "'UTC'") }}
    {%- endif -%}
{%- endmacro %}

{#- The business day on which a moment falls. -#}
{% macro business_date(moment) -%}
    cast({{ business_clock(moment) }} as date)
{%- endmacro %}

{#- A moment on the clock of the business time zone: for hours and days only, not for durations. -#}
{% macro business_clock(moment) -%}
    {%- if var('business_timezone') == 'UTC' -%}
        {{ moment }}
    {%- else -%}
        {{ local_time(moment, "'" ~ var('business_timezone') ~ "'") }}
    {%- endif -%}
{%- endmacro %}

{#- A moment on the clock of another zone: an expression that holds the zone's name. -#}
{% macro local_time(moment, zone) -%}
    {{ adapter.dispatch('convert_timezone', 'stayhouse')(moment, "'UTC'", zone) }}
{%- endmacro %}

{#- The moment at which a business day begins. -#}
{% macro day_start_at(day) -%}
    {{ clock_moment('cast(' ~ day ~ ' as timestamp)') }}
{%- endmacro %}

{#- The moment at which the business clock shows a full hour of a day, 0 to 24. -#}
{% macro hour_start_at(day, hour) -%}
    {{ clock_moment(add_time('hour', 'cast(' ~ day ~ ' as timestamp)', hour)) }}
{%- endmacro %}

{#- The first moment at which the business clock shows a time. When clocks go back a time occurs twice and engines take
the later one; an hour earlier and back finds the first. -#}
{% macro clock_moment(clock) -%}
    {%- if var('business_timezone') == 'UTC' -%}
        {{ clock }}
    {%- else -%}
        {%- set zone = "'" ~ var('business_timezone') ~ "'" -%}
        least(
            {{ adapter.dispatch('convert_timezone', 'stayhouse')(clock, zone, "'UTC'") }},
            {{ adapter.dispatch('convert_timezone', 'stayhouse')('(' ~ clock ~ " - interval '1 hour')", zone, "'UTC'") }}
            + interval '1 hour'
        )
    {%- endif -%}
{%- endmacro %}

{#- A moment moved by days or months on the business clock: a month after the first of March is the first of April. -#}
{% macro add_on_clock(part, moment, number) -%}
    {{ clock_moment('cast(' ~ dbt.dateadd(part, number, business_clock(moment)) ~ ' as timestamp)') }}
{%- endmacro %}

{% macro default__convert_timezone(column, source_zone, target_zone) -%}
    (({{ column }} at time zone {{ source_zone }}) at time zone {{ target_zone }})
{%- endmacro %}

{% macro spark__convert_timezone(column, source_zone, target_zone) -%}
    from_utc_timestamp(to_utc_timestamp({{ column }}, {{ source_zone }}), {{ target_zone }})
{%- endmacro %}

{#- Whether a moment lies at or after another, within the tolerance of two clocks, which is that of the loader. -#}
{% macro is_not_before(moment, start) -%}
    {{ moment }} >= {{ add_time('minute', start, '-' ~ var('clock_tolerance_minutes')) }}
{%- endmacro %}

{#- A moment that cannot precede another: within the tolerance of clocks it becomes the other one. -#}
{% macro settled_moment(moment, start) -%}
    case when {{ moment }} < {{ start }} and {{ is_not_before(moment, start) }} then {{ start }} else {{ moment }} end
{%- endmacro %}

{#- Seconds from one moment to a later one: 0 if their order is wrong within the tolerance of clocks, NULL (not
measurable) if it is wrong beyond it. -#}
{% macro elapsed_seconds(earlier, later) -%}
    case
        when {{ later }} >= {{ earlier }} then {{ dbt.datediff(earlier, later, 'second') }}
        when {{ is_not_before(later, earlier) }} then 0
    end
{%- endmacro %}

{#- Seconds from the latest of several moments that is not after a given one; NULL if none is. -#}
{% macro seconds_since_latest(moment, earlier) -%}
    least(
        {%- for start in earlier %}
        case when {{ moment }} >= {{ start }} then {{ dbt.datediff(start, moment, 'second') }} end
        {{- ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- A moment moved by a number of seconds, minutes or hours. -#}
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

{#- The first day after a calendar period that begins on `start`. The grain is day, week, month, quarter or year, or a
column that holds one of them. -#}
{% macro next_period_start(grain, start) -%}
    {%- set days = {
        'day': add_days(start, 1),
        'week': add_days(start, 7),
        'month': add_months(start, 1),
        'quarter': add_months(start, 3),
        'year': add_months(start, 12),
    } -%}
    {%- if grain in days -%}
        {{ days[grain] }}
    {%- else -%}
        case {{ grain }}
            {%- for word, day in days.items() %}
            when '{{ word }}' then {{ day }}
            {%- endfor %}
        end
    {%- endif -%}
{%- endmacro %}

{#- Whether a calendar period has ended with a business day, which is its last day or a later one. Of a period that takes
days to settle, ask whether it was over that many days before. -#}
{% macro is_over(grain, start, as_of_date='run_context.as_of_date') -%}
    {{ next_period_start(grain, start) }} <= {{ add_days(as_of_date, 1) }}
{%- endmacro %}

{#- Days since the Monday of the week, 0 to 6: engines disagree on the numbers of weekdays. -#}
{% macro weekday_number(moment) -%}
    {{ days_between(period_start('week', moment), moment) }}
{%- endmacro %}

{#- True on Saturday and Sunday. -#}
{% macro is_weekend(moment) -%}
    {{ weekday_number(moment) }} >= 5
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
