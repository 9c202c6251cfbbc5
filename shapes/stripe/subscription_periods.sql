-- Subscriptions of Stripe with their items: the trial and the time after it, at the price of today.
with subscriptions as (
    select
        s.*,
        coalesce(c.metadata ->> 'customer_id', id_of(s.customer)) as customer_id
    from {{ export('stripe/subscriptions*', text=true, rows='data', latest='id', columns=[
        'cancel_at', 'canceled_at', 'cancellation_details', 'current_period_end', 'ended_at', 'pause_collection',
        'trial_end', 'trial_start'
    ]) }} as s
    left join {{ export('stripe/customers*', text=true, rows='data', latest='id',
                        columns=['address', 'livemode', 'metadata', 'name']) }} as c
        on c.id = id_of(s.customer)
    -- A first payment that never came makes no customer.
    where s.status not in ('incomplete', 'incomplete_expired')
),

items as (
    select
        id,
        unnest(elements(items -> '$.data')) as item
    from subscriptions
),

prices as (
    select
        id,
        item ->> '$.current_period_end' as period_end,
        coalesce(
            item ->> '$.price.lookup_key', item ->> '$.price.nickname', id_of(item ->> '$.price.product')
        ) as plan_code,
        -- The price of a metered item is that of one unit, and nobody knows how many will be used.
        case
            when coalesce(item ->> '$.price.recurring.usage_type', 'licensed') <> 'metered'
                then per_month(
                        major_units(
                            coalesce(item ->> '$.price.unit_amount_decimal', item ->> '$.price.unit_amount'),
                            item ->> '$.price.currency'
                        ) * cast(coalesce(item ->> '$.quantity', '1') as decimal(18, 6)),
                        item ->> '$.price.recurring.interval',
                        item ->> '$.price.recurring.interval_count'
                    )
        end as mrr
    from items
),

-- The plan is that of the dearest item; an item without a fixed price leaves the subscription without one.
plans as (
    select
        id,
        max_by(plan_code, coalesce(mrr, 0)) as plan_code,
        case when count(*) = count(mrr) then sum(mrr) end as mrr,
        max(period_end) as period_end
    from prices
    group by id
),

periods as (
    select
        id,
        'trial' as part,
        'trial' as period_status,
        trial_start as valid_from,
        -- A trial that lasts ends when it is scheduled to; otherwise a payment follows.
        case when status = 'trialing' then cancel_at else least(coalesce(ended_at, trial_end), trial_end) end
            as valid_to
    from subscriptions
    where trial_start is not null
    union all
    select
        id,
        'paid',
        case when status = 'paused' or pause_collection is not null then 'paused' else 'active' end,
        coalesce(trial_end, start_date),
        coalesce(ended_at, cancel_at)
    from subscriptions
    where status <> 'trialing' and (trial_end is null or ended_at is null or ended_at > trial_end)
)

select
    p.id || ':' || p.part as period_id,
    p.id as subscription_id,
    s.customer_id,
    plans.plan_code,
    plans.mrr,
    upper(s.currency) as currency,
    unix_moment(p.valid_from) as valid_from,
    unix_moment(p.valid_to) as valid_to,
    p.period_status,
    case when p.valid_to is null then unix_moment(coalesce(s.current_period_end, plans.period_end)) end as renewal_date,
    unix_moment(s.canceled_at) as cancel_requested_at,
    case when p.valid_to = coalesce(s.ended_at, s.cancel_at) then
            case when s.cancellation_details ->> 'reason' in ('payment_failed', 'payment_disputed')
                    then 'involuntary'
                else 'voluntary'
            end
    end as end_kind,
    case when p.valid_to = coalesce(s.ended_at, s.cancel_at)
            then s.cancellation_details ->> 'feedback'
    end as end_reason_code,
    'stripe' as source_system,
    s._file,
    s._line
from periods as p
inner join subscriptions as s on s.id = p.id
left join plans on plans.id = p.id
