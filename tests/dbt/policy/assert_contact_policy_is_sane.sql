-- Prevents contact policies that cannot be meant: a long tail that is called oftener than key customers, quiet hours
-- with one end, parts of the day that overlap or leave a gap, windows of the plan without length, an average check that
-- calls for people and for automation at once.
select
    'priority segment has a longer contact interval than another' as fault,
    priority.segment_code as row_key
from {{ ref('segments') }} as priority
inner join {{ ref('segments') }} as other_rows
    on priority.scheme = other_rows.scheme
    and not other_rows.is_priority
    and other_rows.contact_interval_days < priority.contact_interval_days
where priority.is_priority
union all
select
    'quiet hours need both ends, or none' as fault,
    channel_code as row_key
from {{ ref('contact_channels') }}
where (quiet_from_hour is null) <> (quiet_to_hour is null)
union all
select
    'parts of the day do not cover each hour once' as fault,
    'hour_bands' as row_key
from {{ ref('hour_bands') }}
having sum(to_hour - from_hour) <> 24
    or min(from_hour) <> 0
    or max(to_hour) <> 24
union all
select
    'parts of the day overlap' as fault,
    bands.hour_band as row_key
from {{ ref('hour_bands') }} as bands
inner join {{ ref('hour_bands') }} as other_rows
    on bands.hour_band <> other_rows.hour_band
    and bands.from_hour < other_rows.to_hour
    and other_rows.from_hour < bands.to_hour
union all
select
    'window of the plan has no length' as fault,
    rule_code as row_key
from {{ ref('comm_plan_rules') }}
where due_from_hours >= due_to_hours
union all
select
    'idle rule without days' as fault,
    rule_code as row_key
from {{ ref('comm_plan_rules') }}
where anchor = 'idle'
    and anchor_inactive_days is null
union all
select
    'checks from which people serve must not lie below those up to which automation does' as fault,
    'personal_check_from_amount' as row_key
where {{ threshold('personal_check_from_amount') }} < {{ threshold('automated_check_below_amount') }}
