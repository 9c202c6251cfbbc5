-- Subscriptions of Chargebee: the trial, and the time after it at the price of today.
-- Left out: subscriptions that have not begun, were moved to another site or are deleted.
with subscriptions as (
    select
        subscription ->> 'id' as id,
        subscription ->> 'customer_id' as customer_id,
        subscription ->> 'status' as status,
        subscription ->> 'currency_code' as currency,
        subscription ->> 'trial_start' as trial_start,
        subscription ->> 'trial_end' as trial_end,
        -- One that was cancelled during its trial started and was never activated.
        coalesce(
            subscription ->> 'activated_at',
            case when (subscription ->> 'trial_start') is null then subscription ->> 'started_at' end
        ) as activated_at,
        subscription ->> 'pause_date' as pause_date,
        subscription ->> 'cancelled_at' as cancelled_at,
        subscription ->> 'cancel_schedule_created_at' as cancel_schedule_created_at,
        subscription ->> 'cancel_reason' as cancel_reason,
        subscription ->> 'cancel_reason_code' as cancel_reason_code,
        subscription ->> 'current_term_end' as current_term_end,
        subscription ->> 'updated_at' as updated_at,
        coalesce(
            subscription ->> 'plan_id',
            (list_filter(
                elements(subscription -> '$.subscription_items'), lambda item: (item ->> 'item_type') = 'plan'
            ))[1] ->> 'item_price_id'
        ) as plan_code,
        -- Older exports do not have the recurring revenue; the price of the plan is taken instead.
        coalesce(
            major_units(subscription ->> 'mrr', subscription ->> 'currency_code'),
            per_month(
                major_units(subscription ->> 'plan_amount', subscription ->> 'currency_code'),
                subscription ->> 'billing_period_unit',
                subscription ->> 'billing_period'
            )
        ) as mrr,
        _file,
        _line
    from {{ export('chargebee/subscriptions*.json*', rows='list') }}
    -- Of the newest export. A subscription that has not begun makes no customer yet.
    qualify row_number() over (
            partition by subscription ->> 'id' order by _exported_at desc, _file desc, _line desc
        ) = 1
        and (subscription ->> 'status') not in ('future', 'transferred')
        and coalesce(subscription ->> 'deleted', 'false') = 'false'
),

periods as (
    select
        id,
        'trial' as part,
        'trial' as period_status,
        trial_start as valid_from,
        case when status <> 'in_trial' then coalesce(activated_at, cancelled_at, trial_end) end as valid_to
    from subscriptions
    where trial_start is not null
    union all
    select
        id,
        'paid',
        case when status = 'paused' and pause_date is null then 'paused' else 'active' end,
        activated_at,
        case when status = 'paused' then pause_date when status in ('cancelled', 'non_renewing') then cancelled_at end
    from subscriptions
    where activated_at is not null and status <> 'in_trial'
    union all
    -- A pause that is over leaves no trace; one that lasts ends the paid time.
    select
        id,
        'paused',
        'paused',
        pause_date,
        null
    from subscriptions
    where status = 'paused' and pause_date is not null
)

select
    p.id || ':' || p.part as period_id,
    p.id as subscription_id,
    s.customer_id,
    s.plan_code,
    s.mrr,
    s.currency,
    unix_moment(p.valid_from) as valid_from,
    unix_moment(p.valid_to) as valid_to,
    p.period_status,
    case when p.valid_to is null then unix_moment(s.current_term_end) end as renewal_date,
    unix_moment(coalesce(s.cancel_schedule_created_at, case when s.status = 'cancelled' then s.cancelled_at end))
        as cancel_requested_at,
    case when p.valid_to = s.cancelled_at then
            case when s.cancel_reason in ('not_paid', 'no_card') then 'involuntary' else 'voluntary' end
    end as end_kind,
    case when p.valid_to = s.cancelled_at then coalesce(s.cancel_reason_code, s.cancel_reason) end as end_reason_code,
    unix_moment(s.updated_at) as ingested_at,
    'chargebee' as source_system,
    s._file,
    s._line
from periods as p
inner join subscriptions as s on s.id = p.id
