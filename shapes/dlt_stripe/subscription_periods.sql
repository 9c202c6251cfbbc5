-- Subscriptions of Stripe as dlt lands them: the trial and the time after it, at the price of today.
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
        case when status = 'paused' or pause_collection__behavior is not null then 'paused' else 'active' end,
        coalesce(trial_end, start_date),
        coalesce(ended_at, cancel_at)
    from subscriptions
    where status <> 'trialing' and (trial_end is null or ended_at is null or ended_at > trial_end)
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
