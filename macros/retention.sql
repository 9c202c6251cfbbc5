{#-
Numbers of calendar periods, so that "period N since the entry" is a difference of whole numbers. Weeks begin on the
weekday of the policy (`week_starts_on`). Day 0 is 1970-01-01, week 0 holds it or begins after it, month, quarter and year 0
are its own.
-#}
{% macro period_number(grain, day) -%}
    {%- if grain == 'day' -%}
        cast({{ days_between("cast('1970-01-01' as date)", day) }} as integer)
    {%- elif grain == 'week' -%}
        cast(floor(({{ days_between("cast('1970-01-05' as date)", day) }} - {{ first_weekday() }}) / 7.0) as integer)
    {%- elif grain == 'quarter' -%}
        cast((extract(year from {{ day }}) - 1970) * 4 + extract(quarter from {{ day }}) - 1 as integer)
    {%- elif grain == 'year' -%}
        cast(extract(year from {{ day }}) - 1970 as integer)
    {%- else -%}
        cast((extract(year from {{ day }}) - 1970) * 12 + extract(month from {{ day }}) - 1 as integer)
    {%- endif -%}
{%- endmacro %}

{#- Days from Monday to the weekday on which weeks begin. -#}
{% macro first_weekday() -%}
    (select policy.week_starts_on - 1 from {{ ref('policy') }} as policy)
{%- endmacro %}

{#- First day of a calendar period by its number. -#}
{% macro period_first_day(grain, number) -%}
    {%- if grain == 'day' -%}
        {{ add_days("cast('1970-01-01' as date)", 'cast(' ~ number ~ ' as integer)') }}
    {%- elif grain == 'week' -%}
        {{ add_days("cast('1970-01-05' as date)", 'cast((' ~ number ~ ') * 7 + ' ~ first_weekday() ~ ' as integer)') }}
    {%- else -%}
        {%- set months = {'month': 1, 'quarter': 3, 'year': 12}[grain] -%}
        cast({{ dbt.dateadd(
            'month', 'cast(' ~ months ~ ' * (' ~ number ~ ') as integer)', "cast('1970-01-01' as date)"
        ) }} as date)
    {%- endif -%}
{%- endmacro %}

{#- The calendar periods of marts that compare days, weeks, months, quarters and years. -#}
{% macro calendar_grains() %}
    {{ return(['day', 'week', 'month', 'quarter', 'year']) }}
{% endmacro %}

{#- Each day of `relation` (date_day) with the calendar periods that contain it; the end is the first day after it. -#}
{% macro calendar_periods(relation, grains=none) -%}
    {%- for grain in grains or calendar_grains() %}
    {%- set number = period_number(grain, 'date_day') %}
    select
        date_day,
        '{{ grain }}' as period_grain_code,
        {{ period_first_day(grain, number) }} as period_start_date,
        {{ period_first_day(grain, number ~ ' + 1') }} as period_end_date
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#-
Number of the rolling period of a moment: days since the entry, one less while the hour of the entry has not come, in
periods of 1, 7 or 30 days.
-#}
{% macro rolling_number(days_since, is_before_turn, period_grain) -%}
    cast(floor(({{ days_since }} - case when {{ is_before_turn }} then 1 else 0 end) * 1.0
        / {{ rolling_days(period_grain) }}) as integer)
{%- endmacro %}

{#- Periods of 24 hours in a rolling period. -#}
{% macro rolling_days(period_grain) -%}
    case {{ period_grain }} when 'day' then 1 when 'week' then 7 else 30 end
{%- endmacro %}

{#- Whole months from an anchor to a later day: 31 January to 28 February is one, because the month has no 31st. -#}
{% macro complete_months(anchor, day) -%}
    {%- set months = '(' ~ period_number('month', day) ~ ' - ' ~ period_number('month', anchor) ~ ')' -%}
    ({{ months }} - case when cast({{ dbt.dateadd('month', months, anchor) }} as date) > {{ day }} then 1 else 0 end)
{%- endmacro %}

{#- Months from an anchor that have begun before a day: the N of the month that the day before it lies in. -#}
{% macro begun_months(anchor, day) -%}
    {%- set months = '(' ~ period_number('month', day) ~ ' - ' ~ period_number('month', anchor) ~ ')' -%}
    ({{ months }} + case when cast({{ dbt.dateadd('month', months, anchor) }} as date) < {{ day }} then 1 else 0 end)
{%- endmacro %}

{#- The dimensions by which lifetimes are broken down; none of their columns is NULL. -#}
{% macro lifetime_dimensions() %}
    {{ return({'segment': 'segment_code', 'plan': 'plan_code', 'channel': 'acquisition_channel', 'region': 'region'}) }}
{% endmacro %}

{#- A survival in percent from its logarithm. Rounding must not make it 0, which means that no customer remains. -#}
{% macro survival_pct(log_survival) -%}
    case
        when {{ log_survival }} is not null
            then cast(greatest({{ rounded('100.0 * exp(' ~ log_survival ~ ')', 9) }}, 0.000000001) as {{ type_double() }})
    end
{%- endmacro %}

{#- Bound of the 95 % interval of a Kaplan-Meier estimate on the log(-log) scale, in percent, from its logarithm and Greenwood's sum. -#}
{% macro loglog_bound_pct(log_survival, greenwood, side) -%}
    {%- set exponent = 'ln(-' ~ log_survival ~ ') ' ~ ('+' if side == 'lo' else '-') ~ ' 1.959963984540054 * sqrt(' ~ greenwood ~ ') / -'
        ~ log_survival -%}
    cast({{ rounded('100.0 * exp(-exp(' ~ exponent ~ '))', 9) }} as {{ type_double() }})
{%- endmacro %}

{#- Number of the period of a moment since the entry of a member, calendar or rolling by the member's track. -#}
{% macro period_since(member, calendar, date, moment) -%}
    {%- set days = days_between(member ~ '.entered_date', date) -%}
    case
        when {{ member }}.period_kind = 'rolling'
            then {{ rolling_number(
                days,
                moment ~ ' < ' ~ add_on_clock('day', member ~ '.entered_at', days),
                member ~ '.period_grain'
            ) }}
        when {{ member }}.period_grain = 'day' then {{ calendar }}.day_number - {{ member }}.day_number
        when {{ member }}.period_grain = 'week' then {{ calendar }}.week_number - {{ member }}.week_number
        else {{ calendar }}.month_number - {{ member }}.month_number
    end
{%- endmacro %}

{#- Every day with the numbers of its day, week and month, by which grids count periods. -#}
{% macro numbered_days() %}
    select
        date_day,
        {{ period_number('day', 'date_day') }} as day_number,
        {{ period_number('week', 'date_day') }} as week_number,
        {{ period_number('month', 'date_day') }} as month_number
    from {{ ref('dim_dates') }}
{% endmacro %}
