-- Tickets and inbound contacts without a ticket, with the moment at which a person answered (CON-16).
with inbound as (
    select
        ticket_id as inbound_id,
        'ticket' as inbound_kind,
        customer_id,
        channel as channel_code,
        is_complaint,
        opened_date,
        opened_at,
        answered_at,
        closed_at
    from {{ ref('fct_tickets') }}
    union all
    select
        contact_id as inbound_id,
        'contact' as inbound_kind,
        customer_id,
        channel as channel_code,
        false as is_complaint,
        attempted_date as opened_date,
        attempted_at as opened_at,
        reached_at as answered_at,
        cast(null as timestamp) as closed_at
    from {{ ref('fct_contacts') }}
    where direction = 'inbound'
        and ticket_id is null
),

known as (
    select
        inbound.inbound_id,
        inbound.inbound_kind,
        inbound.customer_id,
        inbound.channel_code,
        channels.answer_within_minutes,
        inbound.is_complaint,
        inbound.opened_date,
        inbound.opened_at,
        inbound.answered_at,
        inbound.closed_at,
        coalesce(inbound.answered_at, inbound.closed_at, run_context.as_of_end_at) as waited_until_at
    from inbound
    cross join {{ ref('run_context') }} as run_context
    left join {{ ref('contact_channels') }} as channels
        on inbound.channel_code = channels.channel_code
),

-- Moments as opening seconds of the channel; NULL for channels that are open around the clock.
placed as (
    select
        known.*,
        {{ elapsed_seconds('known.opened_at', 'known.waited_until_at') }} as waiting_seconds,
        arrivals.open_before_seconds
        + least({{ dbt.datediff('arrivals.slot_from', 'known.opened_at', 'second') }}, arrivals.open_seconds)
            as opened_second,
        ends.open_before_seconds
        + least({{ dbt.datediff('ends.slot_from', 'known.waited_until_at', 'second') }}, ends.open_seconds)
            as waited_until_second
    from known
    left join {{ ref('dim_opening_hours') }} as arrivals
        on known.channel_code = arrivals.channel_code
        and {{ business_date('known.opened_at') }} = arrivals.date_day
        and arrivals.slot_from <= known.opened_at
        and coalesce(arrivals.slot_to, {{ end_of_time('timestamp') }}) > known.opened_at
    left join {{ ref('dim_opening_hours') }} as ends
        on known.channel_code = ends.channel_code
        and {{ business_date('known.waited_until_at') }} = ends.date_day
        and ends.slot_from <= known.waited_until_at
        and coalesce(ends.slot_to, {{ end_of_time('timestamp') }}) > known.waited_until_at
),

-- The slot in which a deadline falls, as a running maximum: a join by opening seconds would compare all slots.
seconds as (
    select
        channel_code,
        inbound_kind,
        inbound_id,
        opened_second + 60 * answer_within_minutes as at_second,
        -- A deadline at the end of a slot does not fall in the next one.
        0 as second_order,
        cast(null as timestamp) as slot_from,
        cast(null as bigint) as slot_second,
        cast(null as bigint) as slot_end_second
    from placed
    where opened_second is not null
        and answer_within_minutes is not null
    union all
    select
        channel_code,
        cast(null as {{ dbt.type_string() }}) as inbound_kind,
        cast(null as {{ dbt.type_string() }}) as inbound_id,
        open_before_seconds as at_second,
        1 as second_order,
        slot_from,
        open_before_seconds as slot_second,
        open_before_seconds + open_seconds as slot_end_second
    from {{ ref('dim_opening_hours') }}
    where open_seconds > 0
),

deadlines as (
    select
        inbound_kind,
        inbound_id,
        at_second,
        max(slot_from) over in_order as slot_from,
        max(slot_second) over in_order as slot_second,
        max(slot_end_second) over in_order as slot_end_second
    from seconds
    window in_order as (
        partition by channel_code order by at_second, second_order rows between unbounded preceding and current row
    )
)

select
    placed.inbound_id,
    placed.inbound_kind,
    placed.customer_id,
    placed.channel_code,
    placed.answer_within_minutes,
    placed.waiting_seconds,
    case
        when placed.waiting_seconds is null then null
        when placed.waited_until_second < placed.opened_second then 0
        else coalesce(placed.waited_until_second - placed.opened_second, placed.waiting_seconds)
    end as open_waiting_seconds,
    placed.is_complaint,
    placed.opened_date,
    placed.opened_at,
    coalesce(
        case
            when deadlines.at_second <= deadlines.slot_end_second
                then {{ add_time(
                    'second', 'deadlines.slot_from', 'cast(deadlines.at_second - deadlines.slot_second as integer)'
                ) }}
        end,
        {{ add_time('minute', 'placed.opened_at', 'placed.answer_within_minutes') }}
    ) as answer_due_at,
    placed.answered_at,
    placed.closed_at
from placed
left join deadlines
    on placed.inbound_kind = deadlines.inbound_kind
    and placed.inbound_id = deadlines.inbound_id
