-- Subscriptions of Recurly: the trial, and the time after it at the price of today.
-- Left out: subscriptions that have not begun or whose first payment failed.
with subscriptions as (
    select
        s.*,
        s.account ->> 'code' as customer_id,
        s.plan ->> 'code' as plan_code,
        per_month(
            cast(coalesce(s.subtotal, s.unit_amount) as decimal(18, 2)), p.interval_unit, p.interval_length
        ) as mrr
    from {{ export('recurly/subscriptions*.json*', rows='data', latest='id', columns=[
        'canceled_at', 'current_period_ends_at', 'expiration_reason', 'expires_at', 'paused_at', 'subtotal',
        'trial_ends_at', 'trial_started_at', 'unit_amount'
    ]) }} as s
    -- How often a plan is billed is in the plan. A new plan may have the code of one that is retired.
    left join {{ export('recurly/plans*.json*', rows='data', latest='id') }} as p on p.id = (s.plan ->> 'id')
    where s.state not in ('future', 'failed')
),

periods as (
    select
        id,
        'trial' as part,
        'trial' as period_status,
        trial_started_at as valid_from,
        least(trial_ends_at, coalesce(case when state = 'expired' then expires_at end, trial_ends_at)) as valid_to
    from subscriptions
    where trial_started_at is not null
    union all
    select
        id,
        'paid',
        case when state = 'paused' and paused_at is null then 'paused' else 'active' end,
        coalesce(trial_ends_at, activated_at),
        case when state = 'paused' then paused_at when state in ('canceled', 'expired') then expires_at end
    from subscriptions
    where trial_ends_at is null or state not in ('canceled', 'expired') or expires_at > trial_ends_at
    union all
    -- A pause that is over leaves no trace; one that lasts ends the paid time.
    select
        id,
        'paused',
        'paused',
        paused_at,
        null
    from subscriptions
    where state = 'paused' and paused_at is not null
)

select
    p.id || ':' || p.part as period_id,
    p.id as subscription_id,
    s.customer_id,
    s.plan_code,
    s.mrr,
    s.currency,
    p.valid_from,
    p.valid_to,
    p.period_status,
    case when p.valid_to is null then s.current_period_ends_at end as renewal_date,
    s.canceled_at as cancel_requested_at,
    case when p.valid_to = s.expires_at then
            case when s.expiration_reason in ('nonpayment', 'nonpayment_gift') then 'involuntary' else 'voluntary' end
    end as end_kind,
    case when p.valid_to = s.expires_at then s.expiration_reason end as end_reason_code,
    s.updated_at as ingested_at,
    'recurly' as source_system,
    s._file,
    s._line
from periods as p
inner join subscriptions as s on s.id = p.id
