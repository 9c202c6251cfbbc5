{{ touched_by_weeks_of_use() }}
-- Sundays that lie in the future are those of a customer who does nothing more, so time passing changes nothing here but
-- by the week that it closes.
with days as (
    select
        customer_id,
        events_count,
        devices_count,
        exports_count,
        {{ period_start('week', 'usage_date') }} as week_start_date
    from {{ touched_rows(ref('fct_usage_days'), 'usage_date', 21) }}
    where {{ add_days(period_start('week', 'usage_date') | trim, 6) }} <= {{ last_visible_day() }}
),

used_weekly as (
    select
        customer_id,
        week_start_date,
        count(*) as use_days_count,
        sum(events_count) as events_count,
        sum(devices_count) as device_days_count,
        sum(exports_count) as exports_count
    from days
    group by customer_id, week_start_date
)

select
    customer_id,
    cast(sum(use_days_count) as bigint) as use_days_count,
    cast(sum(events_count) as bigint) as events_count,
    cast(sum(device_days_count) as bigint) as device_days_count,
    cast(sum(exports_count) as bigint) as exports_count,
    {{ add_days('week_start_date', 'days_to_end') }} as week_end_date
from used_weekly
cross join {{ four_sundays() }}
group by customer_id, {{ add_days('week_start_date', 'days_to_end') }}
