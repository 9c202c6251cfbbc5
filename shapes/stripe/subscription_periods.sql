-- Subscriptions of Stripe with their items: the trial and the time after it, at the price of today.
-- Left out: subscriptions whose first payment never came.
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

invoices as (
    select
        coalesce(id_of(subscription), parent ->> '$.subscription_details.subscription') as id,
        created,
        status = 'paid' and amount_due <> '0' as is_paid,
        status in ('draft', 'uncollectible', 'void') as is_left_open
    from {{ export('stripe/invoices*', text=true, rows='data', latest='id', optional=true,
                   columns=['amount_due', 'created', 'id', 'parent', 'status', 'subscription']) }}
),

last_paid as (
    select
        id,
        max(created) as created
    from invoices
    where is_paid
    group by id
),

-- Stripe does not say when a pause began: with the first invoice after the last paid one that was left open, or void;
-- without one when the subscription was exported.
pauses as (
    select
        s.id,
        greatest(
            coalesce(
                min(case when i.is_left_open and i.created > coalesce(last_paid.created, '0') then i.created end),
                cast(cast(epoch(any_value(s._exported_at)) as bigint) as varchar)
            ),
            coalesce(any_value(s.trial_end), any_value(s.start_date))
        ) as paused_from
    from subscriptions as s
    left join invoices as i on i.id = s.id
    left join last_paid on last_paid.id = s.id
    where s.pause_collection is not null
    group by s.id
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
        s.id,
        'paid',
        -- Of a trial that ended without a way to pay.
        case when s.status = 'paused' then 'paused' else 'active' end,
        coalesce(s.trial_end, s.start_date),
        least(coalesce(s.ended_at, s.cancel_at), pauses.paused_from)
    from subscriptions as s
    left join pauses on pauses.id = s.id
    where s.status <> 'trialing' and (s.trial_end is null or s.ended_at is null or s.ended_at > s.trial_end)
        and (pauses.paused_from is null or pauses.paused_from > coalesce(s.trial_end, s.start_date))
    union all
    select
        s.id,
        'pause',
        'paused',
        pauses.paused_from,
        coalesce(s.ended_at, s.cancel_at)
    from subscriptions as s
    inner join pauses on pauses.id = s.id
    where s.status <> 'trialing' and (s.trial_end is null or s.ended_at is null or s.ended_at > s.trial_end)
        and pauses.paused_from < coalesce(s.ended_at, s.cancel_at, '9999999999')
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
