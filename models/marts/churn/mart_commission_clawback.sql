-- The moment at which the customer of each commission left, first after the sale: the request to cancel, because that
-- is when they understood; without one the first day without cover.
with leavings as (
    select
        commissions.commission_id,
        coalesce(events.cancel_requested_at, {{ day_start_at('events.left_date') }}) as left_at,
        events.end_reason_code,
        events.is_voluntary,
        row_number() over (partition by commissions.commission_id order by events.left_date) as choice
    from {{ ref('fct_commissions') }} as commissions
    inner join {{ ref('fct_churn_events') }} as events
        on commissions.customer_id = events.customer_id
        and events.left_date > commissions.sold_date
),

-- Asked to cancel, and the paid time is not over yet.
notices as (
    select
        commissions.commission_id,
        min(notices.cancel_requested_at) as left_at
    from {{ ref('fct_commissions') }} as commissions
    inner join {{ ref('int_churn__notices') }} as notices
        on commissions.customer_id = notices.customer_id
        and notices.cancel_requested_at > commissions.sold_at
    group by commissions.commission_id
),

judged as (
    select
        commissions.*,
        {{ add_on_clock(
            'month', 'commissions.sold_at', 'cast(' ~ threshold('commission_window_months') ~ ' as integer)'
        ) }} as window_end_at,
        coalesce(leavings.left_at, notices.left_at) as left_at,
        leavings.end_reason_code,
        case
            when leavings.commission_id is null then notices.commission_id is not null
            else coalesce(reasons.is_commission_forfeited, leavings.is_voluntary, false)
        end as is_reason_counted
    from {{ ref('fct_commissions') }} as commissions
    left join leavings
        on commissions.commission_id = leavings.commission_id
        and leavings.choice = 1
    left join notices
        on commissions.commission_id = notices.commission_id
    left join {{ ref('dim_churn_reasons') }} as reasons
        on leavings.end_reason_code = reasons.reported_code
),

decided as (
    select
        judged.*,
        case
            when not judged.is_first_sale then 'not_judged'
            when judged.left_at < judged.window_end_at and judged.is_reason_counted
                then case when judged.commission_status = 'paid' then 'clawback_due' else 'forfeited' end
            when judged.commission_status = 'cancelled' then 'cancelled'
            -- A leaving within the window without a request is known only when the grace is over.
            when {{ days_between(business_date('judged.window_end_at'), 'run_context.as_of_date') }}
                < {{ threshold('churn_grace_days') }} then 'pending'
            else 'payable'
        end as decision_status
    from judged
    cross join {{ ref('run_context') }} as run_context
)

select
    decided.commission_id,
    decided.employee_id,
    decided.customer_id,
    decided.subscription_id,
    decided.currency_code,
    decided.commission_status,
    decided.decision_status,
    decided.end_reason_code,
    cast(decided.amount as decimal(18, 2)) as commission_amount,
    cast(case when decided.decision_status = 'clawback_due' then decided.amount else 0 end as decimal(18, 2))
        as due_back_amount,
    cast(round(decided.amount * rates.rate_to_reporting, 2) as decimal(18, 2)) as converted_amount,
    decided.is_first_sale,
    {{ period_start('month', 'decided.sold_date') }} as sold_month,
    decided.sold_at,
    decided.window_end_at,
    decided.left_at,
    decided.paid_at
from decided
left join {{ ref('dim_exchange_rates') }} as rates
    on decided.currency_code = rates.currency_code
    and {{ period_start('month', 'decided.sold_date') }} = rates.month_date
