-- Subscriptions of Stripe as Fivetran lands them: the trial and the time after it, at the price of today.
-- Left out: earlier versions of a subscription, and subscriptions whose first payment never came.
with history as (
    from {{ export('fivetran_stripe/subscription_history/*', text=true, columns=[
        'cancel_at', 'canceled_at', 'cancellation_details_feedback', 'cancellation_details_reason',
        'current_period_end', 'ended_at', 'pause_collection_behavior', 'trial_end', 'trial_start'
    ]) }}
),

subscriptions as (
    select
        s.*,
        coalesce(c.metadata ->> 'customer_id', s.customer_id) as account_id
    from history as s
    left join {{ export('fivetran_stripe/customer/*', text=true, latest='id', columns=[
        'address_city', 'address_country', 'is_deleted', 'livemode', 'metadata', 'name'
    ]) }} as c on c.id = s.customer_id
    -- Earlier versions of a subscription are in the history too.
    where s._fivetran_active = 'true'
    qualify row_number() over (partition by s.id order by s._exported_at desc, s._line desc) = 1
),

prices as (
    select
        i.subscription_id,
        i.current_period_end,
        p.currency,
        coalesce(p.lookup_key, p.nickname, p.product_id) as plan_code,
        -- The price of a metered item is that of one unit, and nobody knows how many will be used.
        case
            when coalesce(p.recurring_usage_type, 'licensed') <> 'metered'
                then per_month(
                        major_units(coalesce(p.unit_amount_decimal, p.unit_amount), p.currency)
                        * cast(coalesce(i.quantity, '1') as decimal(18, 6)),
                        p.recurring_interval,
                        p.recurring_interval_count
                    )
        end as mrr
    from {{ export('fivetran_stripe/subscription_item/*', text=true, latest='id', columns=[
        '_fivetran_deleted', 'current_period_end', 'quantity'
    ]) }} as i
    left join {{ export('fivetran_stripe/price/*', text=true, latest='id', columns=[
        'lookup_key', 'nickname', 'recurring_usage_type', 'unit_amount', 'unit_amount_decimal'
    ]) }} as p on p.id = i.plan_id
    -- An item that was taken off the subscription.
    where coalesce(i._fivetran_deleted, 'false') = 'false'
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

-- A pause began with the first version of a subscription since the last one without it.
pauses as (
    select
        h.id,
        greatest(min(h._fivetran_start), coalesce(any_value(s.trial_end), any_value(s.start_date))) as paused_from
    from history as h
    inner join subscriptions as s on s.id = h.id and s.pause_collection_behavior is not null
    where h.pause_collection_behavior is not null
        and h._fivetran_start > (
            select coalesce(max(earlier._fivetran_start), '')
            from history as earlier
            where earlier.id = h.id and earlier.pause_collection_behavior is null
        )
    group by h.id
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
    where trial_start is not null and status not in ('incomplete', 'incomplete_expired')
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
    -- A first payment that never came makes no customer.
    where s.status not in ('trialing', 'incomplete', 'incomplete_expired')
        and (s.trial_end is null or s.ended_at is null or s.ended_at > s.trial_end)
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
    -- A first payment that never came makes no customer.
    where s.status not in ('trialing', 'incomplete', 'incomplete_expired')
        and (s.trial_end is null or s.ended_at is null or s.ended_at > s.trial_end)
        and pauses.paused_from < coalesce(s.ended_at, s.cancel_at, '9999')
)

select
    p.id || ':' || p.part as period_id,
    p.id as subscription_id,
    s.account_id as customer_id,
    plans.plan_code,
    plans.mrr,
    upper(plans.currency) as currency,
    p.valid_from,
    p.valid_to,
    p.period_status,
    case when p.valid_to is null then coalesce(s.current_period_end, plans.current_period_end) end as renewal_date,
    s.canceled_at as cancel_requested_at,
    case when p.valid_to = coalesce(s.ended_at, s.cancel_at) then
            case when s.cancellation_details_reason in ('payment_failed', 'payment_disputed') then 'involuntary'
                else 'voluntary'
            end
    end as end_kind,
    case when p.valid_to = coalesce(s.ended_at, s.cancel_at) then s.cancellation_details_feedback end
        as end_reason_code,
    'stripe' as source_system,
    s._file,
    s._line
from periods as p
inner join subscriptions as s on s.id = p.id
left join plans on plans.subscription_id = p.id
