-- Hour and day of outbound contacts in the customer's time zone, with its daylight saving.
with local_contacts as (
    select
        contacts.contact_id,
        contacts.customer_id,
        contacts.channel,
        contacts.value_segment_code,
        contacts.is_proactive,
        contacts.is_effective,
        contacts.attempted_date,
        case
            when zones.time_zone is null then {{ business_clock('contacts.attempted_at') }}
            else {{ local_time('contacts.attempted_at', 'zones.time_zone') }}
        end as local_at
    from {{ ref('fct_contacts') }} as contacts
    inner join {{ ref('dim_customers') }} as customers
        on contacts.customer_id = customers.customer_id
    left join {{ ref('region_time_zones') }} as zones
        on customers.region = zones.region
    where contacts.direction = 'outbound'
),

on_the_clock as (
    select
        *,
        {{ hour_of('local_at') }} as local_hour
    from local_contacts
)

select
    on_the_clock.contact_id,
    on_the_clock.customer_id,
    on_the_clock.value_segment_code,
    hour_bands.hour_band,
    on_the_clock.is_effective,
    on_the_clock.is_proactive
    and (
        coalesce(channels.is_quiet_on_weekends, false) and {{ is_weekend('on_the_clock.local_at') }}
        -- Quiet hours over midnight have a start after their end.
        or channels.quiet_from_hour > channels.quiet_to_hour
        and (
            on_the_clock.local_hour >= channels.quiet_from_hour
            or on_the_clock.local_hour < channels.quiet_to_hour
        )
        or channels.quiet_from_hour <= channels.quiet_to_hour
        and on_the_clock.local_hour >= channels.quiet_from_hour
        and on_the_clock.local_hour < channels.quiet_to_hour
    ) is true as is_in_quiet_hours,
    on_the_clock.attempted_date,
    on_the_clock.local_at
from on_the_clock
left join {{ ref('contact_channels') }} as channels
    on on_the_clock.channel = channels.channel_code
left join {{ ref('hour_bands') }} as hour_bands
    on on_the_clock.local_hour >= hour_bands.from_hour
    and on_the_clock.local_hour < hour_bands.to_hour
