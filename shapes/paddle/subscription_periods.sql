-- Subscriptions of Paddle Billing with their items: the trial and the time after it, at the price of today.
-- Left out: items that do not recur.
with subscriptions as (
    select
        s.*,
        coalesce(c.custom_data ->> 'customer_id', s.customer_id) as account_id
    from {{ export('paddle/subscriptions*.json*', rows='data', latest='id', columns=[
        'canceled_at', 'first_billed_at', 'next_billed_at', 'paused_at', 'scheduled_change', 'started_at'
    ]) }} as s
    left join {{ export('paddle/customers*.json*', rows='data', latest='id', columns=['custom_data', 'name']) }} as c
        on c.id = s.customer_id
),

items as (
    select
        id,
        unnest(elements(items)) as item
    from subscriptions
),

prices as (
    select
        id,
        item ->> '$.trial_dates.starts_at' as trial_start,
        item ->> '$.trial_dates.ends_at' as trial_end,
        coalesce(item ->> '$.price.custom_data.plan_code', item ->> '$.price.name', item ->> '$.price.id') as plan_code,
        per_month(
            major_units(item ->> '$.price.unit_price.amount', item ->> '$.price.unit_price.currency_code')
            * cast(coalesce(item ->> '$.quantity', '1') as integer),
            item ->> '$.price.billing_cycle.interval',
            item ->> '$.price.billing_cycle.frequency'
        ) as mrr
    from items
    where coalesce(item ->> 'recurring', 'true') = 'true'
),

plans as (
    select
        id,
        max_by(plan_code, coalesce(mrr, 0)) as plan_code,
        case when count(*) = count(mrr) then sum(mrr) end as mrr,
        min(trial_start) as trial_start,
        max(trial_end) as trial_end
    from prices
    group by id
),

periods as (
    select
        s.id,
        'trial' as part,
        'trial' as period_status,
        coalesce(plans.trial_start, s.started_at) as valid_from,
        case
            when s.status <> 'trialing' then least(coalesce(s.canceled_at, plans.trial_end), plans.trial_end)
            when (s.scheduled_change ->> 'action') = 'cancel' then s.scheduled_change ->> 'effective_at'
        end as valid_to
    from subscriptions as s
    inner join plans on plans.id = s.id
    where plans.trial_end is not null
    union all
    -- A pause that is over leaves no trace; one that lasts ends the paid time.
    select
        s.id,
        'paid',
        'active',
        coalesce(plans.trial_end, s.started_at, s.first_billed_at),
        coalesce(
            s.paused_at, s.canceled_at,
            case when (s.scheduled_change ->> 'action') = 'cancel' then s.scheduled_change ->> 'effective_at' end
        )
    from subscriptions as s
    left join plans on plans.id = s.id
    where
        s.status <> 'trialing'
        and (plans.trial_end is null or s.canceled_at is null or s.canceled_at > plans.trial_end)
    union all
    select
        id,
        'paused',
        'paused',
        paused_at,
        canceled_at
    from subscriptions
    where paused_at is not null
)

select
    p.id || ':' || p.part as period_id,
    p.id as subscription_id,
    s.account_id as customer_id,
    plans.plan_code,
    plans.mrr,
    s.currency_code as currency,
    p.valid_from,
    p.valid_to,
    p.period_status,
    case when p.valid_to is null then s.next_billed_at end as renewal_date,
    case when s.status = 'canceled' then s.canceled_at end as cancel_requested_at,
    case when p.valid_to = s.canceled_at or (s.scheduled_change ->> 'effective_at') = p.valid_to then 'voluntary'
    end as end_kind,
    s.updated_at as ingested_at,
    'paddle' as source_system,
    s._file,
    s._line
from periods as p
inner join subscriptions as s on s.id = p.id
left join plans on plans.id = p.id
