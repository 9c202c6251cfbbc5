-- Prevents an error in a macro that every mart uses: Wilson bounds, day arithmetic over midnight and months, ends of
-- periods, JSON.
-- The four examples of Newcombe (1998), Statistics in Medicine 17, in percent.
with proportions as (
    select 81 as num, 263 as den, 25.53 as expected_ci_lo, 36.62 as expected_ci_hi
    union all
    select 15, 148, 6.24, 16.05
    union all
    select 0, 20, 0.0, 16.11
    union all
    select 1, 29, 0.61, 17.18
    union all
    select 0, 0, null, null
),

bounds as (
    select
        *,
        {{ wilson_pct('num', 'den', 'lo') }} as ci_lo,
        {{ wilson_pct('num', 'den', 'hi') }} as ci_hi,
        {{ pct('num', 'den') }} as pct
    from proportions
),

-- Nobody and everybody of 1 to 200.
extremes as (
    select
        shares.share * numbers.generated_number as num,
        numbers.generated_number as den
    from ({{ dbt.generate_series(200) }}) as numbers
    cross join (select 0 as share union all select 1) as shares
),

extreme_bounds as (
    select
        {{ wilson_pct('num', 'den', 'lo') }} as ci_lo,
        {{ wilson_pct('num', 'den', 'hi') }} as ci_hi,
        {{ pct('num', 'den') }} as pct
    from extremes
),

-- Tables of Student's t, two-sided 5 %.
student as (
    select 1 as degrees, 12.706 as expected_point
    union all
    select 2, 4.303
    union all
    select 3, 3.182
    union all
    select 10, 2.228
    union all
    select 25, 2.060
    union all
    select null, 1.960
),

moments as (
    select
        cast('2025-01-31 23:59:00' as timestamp) as late,
        cast('2025-02-01 00:01:00' as timestamp) as early
),

-- Calendar periods with their last days.
calendar as (
    select 'day' as grain, date '2024-02-29' as first_date, date '2024-02-29' as last_date
    union all
    select 'week', date '2025-03-24', date '2025-03-30'
    union all
    -- Of a company whose weeks begin on Sunday.
    select 'week', date '2024-12-29', date '2025-01-04'
    union all
    select 'month', date '2025-01-01', date '2025-01-31'
    union all
    select 'month', date '2024-02-01', date '2024-02-29'
    union all
    select 'month', date '2025-02-01', date '2025-02-28'
    union all
    select 'month', date '2025-12-01', date '2025-12-31'
    union all
    select 'quarter', date '2025-01-01', date '2025-03-31'
    union all
    select 'quarter', date '2024-10-01', date '2024-12-31'
    union all
    select 'year', date '2024-01-01', date '2024-12-31'
)

select 'wilson interval' as broken_macro
from bounds
where den > 0
    and (abs(ci_lo - expected_ci_lo) > 0.005 or abs(ci_hi - expected_ci_hi) > 0.005)
union all
-- Bounds of 0 and 100 % were once off by rounding, so that shares lay beside their intervals and bounds above 100.
select 'an interval holds its share' as broken_macro
from extreme_bounds
where ci_lo < 0
    or ci_lo > pct
    or ci_hi < pct
    or ci_hi > 100
union all
select 'nothing over nothing is not measurable' as broken_macro
from bounds
where den = 0
    and (ci_lo is not null or ci_hi is not null or pct is not null)
union all
-- An interval of two answers was once little more than half as wide as Student's t makes it.
select 'student_975' as broken_macro
from student
where abs({{ student_975('degrees') }} - expected_point) > 0.0006
union all
select 'days_between counts midnights' as broken_macro
from moments
where {{ days_between('late', 'early') }} <> 1
    or {{ days_between("date '2024-02-28'", "date '2024-03-01'") }} <> 2
union all
select 'add_days' as broken_macro
where {{ add_days("date '2024-02-28'", 2) }} <> date '2024-03-01'
    or {{ add_days("date '2025-01-01'", -1) }} <> date '2024-12-31'
union all
select 'period_start' as broken_macro
where {{ period_start('week', "date '2025-03-30'") }} <> date '2025-03-24'
    or {{ period_start('month', "date '2025-03-30'") }} <> date '2025-03-01'
    or {{ period_start('quarter', "date '2025-03-30'") }} <> date '2025-01-01'
union all
-- A period is over with its last day, not the day before; the grain may be a column or a word.
select 'is_over' as broken_macro
from calendar
where not coalesce({{ is_over('grain', 'first_date', 'last_date') }}, false)
    or coalesce({{ is_over('grain', 'first_date', add_days('last_date', -1)) }}, true)
    or {{ is_over('grain', 'cast(null as date)', 'last_date') }} is not null
    {%- for grain in calendar_grains() %}
    or (grain = '{{ grain }}' and {{ next_period_start(grain, 'first_date') }} <> {{ add_days('last_date', 1) }})
    {%- endfor %}
union all
select 'json_text' as broken_macro
where {{ json_text("'{\"a\": \"b\", \"no\": false}'", 'a') }} <> 'b'
    or {{ json_text("'{\"a\": \"b\", \"no\": false}'", 'no') }} <> 'false'
    or {{ json_text("'{\"a\": \"b\"}'", 'missing') }} is not null
union all
-- An unmeasurable survival was once published as a tiny one.
select 'survival_pct' as broken_macro
where {{ survival_pct('cast(null as ' ~ type_double() ~ ')') }} is not null
    or {{ survival_pct('cast(-100 as ' ~ type_double() ~ ')') }} <= 0
union all
-- Clocks may differ by five minutes: a difference of four counts as 0, one of six is not measurable.
select 'elapsed_seconds' as broken_macro
from moments
where {{ elapsed_seconds('late', 'early') }} <> 2 * 60
    or {{ elapsed_seconds('early', 'late') }} <> 0
    or {{ elapsed_seconds('early', add_time('minute', 'late', -4)) }} is not null
union all
select 'settled_moment' as broken_macro
from moments
where {{ settled_moment('late', 'early') }} <> early
    or {{ settled_moment('early', 'late') }} <> early
    or {{ settled_moment(add_time('minute', 'late', -4), 'early') }} = early
    or {{ settled_moment('cast(null as timestamp)', 'early') }} is not null
