-- CON-15: customer-weeks with more contacts than a cap allows, or with a sales call within a day of advertising while
-- the customer waits for an answer. Other weeks have no row; mart_contact_norms has the number of customers.
with outbound as (
    select
        contact_id,
        customer_id,
        channel,
        consent_purpose,
        is_proactive,
        is_effective,
        attempted_date,
        {{ period_start('week', 'attempted_date') }} as contact_week,
        attempted_at
    from {{ ref('fct_contacts') }}
    where direction = 'outbound'
),

promotions as (
    select
        *,
        -- Goes up with each effective message, so that the messages between two of them are one streak.
        sum(case when is_effective then 1 else 0 end) over (
            partition by customer_id order by attempted_at, contact_id rows between unbounded preceding and current row
        ) as streak_number
    from outbound
    where consent_purpose = 'marketing'
),

streaks as (
    select
        customer_id,
        contact_week,
        sum(case when is_effective then 0 else 1 end) over (
            partition by customer_id, streak_number order by attempted_at, contact_id
            rows between unbounded preceding and current row
        ) as unengaged_count
    from promotions
),

longest_streaks as (
    select
        customer_id,
        contact_week,
        max(unengaged_count) as unengaged_streak_count
    from streaks
    group by customer_id, contact_week
),

collisions as (
    select distinct
        calls.customer_id,
        calls.contact_week
    from outbound as calls
    inner join outbound as promotion
        on calls.customer_id = promotion.customer_id
        and promotion.consent_purpose = 'marketing'
        and promotion.attempted_at > {{ add_time('hour', 'calls.attempted_at', -24) }}
        and promotion.attempted_at < {{ add_time('hour', 'calls.attempted_at', 24) }}
    inner join {{ ref('fct_inbound_answers') }} as inbound
        on calls.customer_id = inbound.customer_id
        and inbound.opened_at <= calls.attempted_at
        and coalesce(inbound.answered_at, {{ end_of_time('timestamp') }}) > calls.attempted_at
        and coalesce(inbound.closed_at, {{ end_of_time('timestamp') }}) > calls.attempted_at
    where calls.consent_purpose = 'sales'
        and calls.channel = 'call'
),

capped as (
    select
        customer_id,
        {{ period_start('week', 'attempted_date') }} as contact_week,
        max(day_count) as max_day_count,
        max(week_count) as max_week_count,
        max(case when is_over_day_cap then 1 else 0 end) as is_over_day_cap,
        max(case when is_over_week_cap then 1 else 0 end) as is_over_week_cap
    from {{ ref('int_contacts__pressure') }}
    group by customer_id, {{ period_start('week', 'attempted_date') }}
),

weeks as (
    select
        outbound.customer_id,
        outbound.contact_week,
        max(outbound.attempted_date) as last_attempted_date,
        count(*) as outbound_count,
        count(case when outbound.is_proactive then 1 end) as proactive_count,
        count(case when outbound.consent_purpose = 'marketing' then 1 end) as promotions_count,
        count(distinct outbound.channel) as channels_count
    from outbound
    group by outbound.customer_id, outbound.contact_week
)

select
    weeks.customer_id,
    coalesce(status.status, 'registered') as customer_status,
    cast(weeks.outbound_count as bigint) as outbound_count,
    cast(weeks.proactive_count as bigint) as proactive_count,
    cast(weeks.outbound_count - weeks.proactive_count as bigint) as transactional_count,
    cast(weeks.promotions_count as bigint) as promotions_count,
    cast(weeks.channels_count as bigint) as channels_count,
    cast(coalesce(capped.max_day_count, 0) as bigint) as max_day_count,
    cast(coalesce(capped.max_week_count, 0) as bigint) as max_week_count,
    cast(coalesce(longest_streaks.unengaged_streak_count, 0) as bigint) as unengaged_streak_count,
    coalesce(status.is_paying, false) as is_paying,
    coalesce(capped.is_over_day_cap, 0) = 1 as is_over_day_cap,
    coalesce(capped.is_over_week_cap, 0) = 1 as is_over_week_cap,
    collisions.customer_id is not null as is_collision,
    weeks.contact_week
from weeks
left join capped
    on weeks.customer_id = capped.customer_id
    and weeks.contact_week = capped.contact_week
left join longest_streaks
    on weeks.customer_id = longest_streaks.customer_id
    and weeks.contact_week = longest_streaks.contact_week
left join collisions
    on weeks.customer_id = collisions.customer_id
    and weeks.contact_week = collisions.contact_week
{{ attributes_as_of('weeks', 'weeks.last_attempted_date', ['status']) }}
where capped.is_over_day_cap = 1
    or capped.is_over_week_cap = 1
    or collisions.customer_id is not null
