-- The calendar of opening hours of each channel as slots that cover all time, so that a join as of any moment finds the
-- opening seconds up to it. Channels that are open around the clock have no slots.
with channels as (
    select distinct channel_code from {{ ref('opening_hours') }}
),

openings as (
    select
        hours.channel_code,
        calendar.date_day,
        {{ hour_start_at('calendar.date_day', 'hours.from_hour') }} as opens_at,
        {{ hour_start_at('calendar.date_day', 'hours.to_hour') }} as closes_at
    from {{ ref('dim_working_days') }} as calendar
    inner join {{ ref('opening_hours') }} as hours
        on calendar.weekday_number + 1 = hours.day_of_week
    where hours.is_open_on_holidays
        or not calendar.is_holiday
),

-- A slot without opening seconds begins with every day.
slots as (
    select
        channel_code,
        date_day,
        opens_at as slot_from,
        {{ dbt.datediff('opens_at', 'closes_at', 'second') }} as open_seconds
    from openings
    union all
    select
        channels.channel_code,
        calendar.date_day,
        {{ day_start_at('calendar.date_day') }} as slot_from,
        0 as open_seconds
    from {{ ref('dim_working_days') }} as calendar
    cross join channels
),

numbered as (
    select
        channel_code,
        date_day,
        open_seconds,
        coalesce(
            sum(open_seconds) over (
                partition by channel_code order by slot_from, open_seconds
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as open_before_seconds,
        slot_from,
        lead(slot_from) over (partition by channel_code order by slot_from, open_seconds) as slot_to
    from slots
)

select
    channel_code,
    date_day,
    cast(open_seconds as bigint) as open_seconds,
    cast(open_before_seconds as bigint) as open_before_seconds,
    slot_from,
    slot_to
from numbered
where slot_to is null or slot_to > slot_from
