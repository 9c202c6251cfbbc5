-- Subscriptions of Stripe as dlt lands them: the trial and the time after it, at the price of today.
-- Left out: subscriptions whose first payment never came.
with subscriptions as (
    select
        s.*,
        coalesce(c.metadata__customer_id, s.customer) as account_id
    from {{ export('dlt_stripe/subscription/*', text=true, latest='id', columns=[
        'cancel_at', 'canceled_at', 'cancellation_details__feedback', 'cancellation_details__reason',
        'current_period_end', 'ended_at', 'pause_collection__behavior', 'trial_end', 'trial_start'
    ]) }} as s
    left join {{ export('dlt_stripe/customer/*', text=true, latest='id', columns=[
        'address__city', 'address__country', 'livemode', 'metadata__customer_id', 'name'
    ]) }} as c on c.id = s.customer
    -- A first payment that never came makes no customer.
    where s.status not in ('incomplete', 'incomplete_expired')
),

prices as (
    select
        s.id as subscription_id,
        i.current_period_end,
        i.price__currency as currency,
        coalesce(i.price__lookup_key, i.price__nickname, i.price__product) as plan_code,
        -- The price of a metered item is that of one unit, and nobody knows how many will be used.
        case
            when coalesce(i.price__recurring__usage_type, 'licensed') <> 'metered'
                then per_month(
                        major_units(coalesce(i.price__unit_amount_decimal, i.price__unit_amount), i.price__currency)
                        * cast(coalesce(i.quantity, '1') as decimal(18, 6)),
                        i.price__recurring__interval,
                        i.price__recurring__interval_count
                    )
        end as mrr
    from {{ export('dlt_stripe/subscription__items__data/*', text=true, latest='_dlt_id', columns=[
        'current_period_end', 'price__lookup_key', 'price__nickname', 'price__recurring__usage_type',
        'price__unit_amount', 'price__unit_amount_decimal', 'quantity'
    ]) }} as i
    inner join subscriptions as s on s._dlt_id = i._dlt_parent_id
),

-- The plan is that of the dearest item; an item without a fixed price leaves the subscription without one.
plans as (
    select
        subscription_id,
        max_by(plan_code, coalesce(mrr, 0)) as plan_code,
        max(currency) as currency,
        case when count(*) = count(mrr) then sum(mrr) end as mrr,
        max(current_period_end) as current_period_end
    from prices
    group by subscription_id
),

invoices as (
    select
        coalesce(subscription, parent__subscription_details__subscription) as id,
        created,
        status = 'paid' and amount_due <> '0' as is_paid,
        status in ('draft', 'uncollectible', 'void') as is_left_open
    from {{ export('dlt_stripe/invoice/*', text=true, latest='id', optional=true, columns=[
        'amount_due', 'created', 'id', 'parent__subscription_details__subscription', 'status', 'subscription'
    ]) }}
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
    where s.pause_collection__behavior is not null
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
    s.account_id as customer_id,
    plans.plan_code,
    plans.mrr,
    upper(plans.currency) as currency,
    unix_moment(p.valid_from) as valid_from,
    unix_moment(p.valid_to) as valid_to,
    p.period_status,
    case when p.valid_to is null then unix_moment(coalesce(s.current_period_end, plans.current_period_end)) end
        as renewal_date,
    unix_moment(s.canceled_at) as cancel_requested_at,
    case when p.valid_to = coalesce(s.ended_at, s.cancel_at) then
            case when s.cancellation_details__reason in ('payment_failed', 'payment_disputed') then 'involuntary'
                else 'voluntary'
            end
    end as end_kind,
    case when p.valid_to = coalesce(s.ended_at, s.cancel_at) then s.cancellation_details__feedback end
        as end_reason_code,
    'stripe' as source_system,
    s._file,
    s._line
from periods as p
inner join subscriptions as s on s.id = p.id
left join plans on plans.subscription_id = p.id
