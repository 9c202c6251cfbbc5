-- Proactive episodes of a customer in the 24 hours and 7 days up to each proactive contact. An episode is added at its
-- moment and subtracted a day and a week later, so that running sums over these moves count both windows.
with proactive as (
    select
        contact_id,
        customer_id,
        channel,
        value_segment_code,
        case when is_episode_start then 1 else 0 end as weight,
        is_episode_start,
        attempted_date,
        attempted_at
    from {{ ref('fct_contacts') }}
    where is_proactive
),

moves as (
    select
        contact_id,
        customer_id,
        weight as day_move,
        weight as week_move,
        1 as move_order,
        attempted_at as moved_at
    from proactive
    union all
    -- Subtraction comes first: an episode exactly 24 hours ago is no longer in the window.
    select
        contact_id,
        customer_id,
        -weight as day_move,
        0 as week_move,
        0 as move_order,
        {{ add_time('hour', 'attempted_at', 24) }} as moved_at
    from proactive
    union all
    select
        contact_id,
        customer_id,
        0 as day_move,
        -weight as week_move,
        0 as move_order,
        {{ add_time('hour', 'attempted_at', 24 * 7) }} as moved_at
    from proactive
),

sums as (
    select
        contact_id,
        move_order,
        sum(day_move) over (
            partition by customer_id order by moved_at, move_order, contact_id
            rows between unbounded preceding and current row
        ) as day_count,
        sum(week_move) over (
            partition by customer_id order by moved_at, move_order, contact_id
            rows between unbounded preceding and current row
        ) as week_count
    from moves
)

select
    proactive.contact_id,
    proactive.customer_id,
    proactive.channel,
    proactive.value_segment_code,
    cast(sums.day_count as bigint) as day_count,
    cast(sums.week_count as bigint) as week_count,
    segments.max_contacts_per_day,
    segments.max_contacts_per_week,
    proactive.is_episode_start,
    proactive.is_episode_start and coalesce(sums.day_count > segments.max_contacts_per_day, false) as is_over_day_cap,
    proactive.is_episode_start
    and coalesce(sums.week_count > segments.max_contacts_per_week, false) as is_over_week_cap,
    proactive.attempted_date,
    proactive.attempted_at
from proactive
inner join sums
    on proactive.contact_id = sums.contact_id
    and sums.move_order = 1
left join {{ ref('segments') }} as segments
    on proactive.value_segment_code = segments.segment_code
