{{ config(materialized=inlined('view')) }}
-- What becomes of each commission, and whether its window after the sale has passed. The request to cancel counts,
-- because it shows the decision of the customer; without one, the first day without cover.
with churns as (
    select
        commissions.commission_id,
        coalesce(
            case when events.cancel_requested_at > commissions.sold_at then events.cancel_requested_at end,
            {{ day_start_at('events.churned_date') }}
        ) as churned_at,
        events.end_reason_code,
        events.is_voluntary,
        row_number() over (partition by commissions.commission_id order by events.churned_date) as choice
    from {{ ref('fct_commissions') }} as commissions
    inner join {{ ref('fct_churn_events') }} as events
        on commissions.customer_id = events.customer_id
        and events.churned_date > commissions.sold_date
),

-- Asked to cancel, and the paid time is not over yet.
notices as (
    select
        commissions.commission_id,
        min(notices.cancel_requested_at) as churned_at
    from {{ ref('fct_commissions') }} as commissions
    inner join {{ ref('int_churn__notices') }} as notices
        on commissions.customer_id = notices.customer_id
        and notices.cancel_requested_at > commissions.sold_at
    group by commissions.commission_id
),

matched as (
    select
        commissions.*,
        {{ add_on_clock('month', 'commissions.sold_at', 'policy.commission_window_months') }} as window_end_at,
        coalesce(churns.churned_at, notices.churned_at) as churned_at,
        churns.end_reason_code,
        case
            when churns.commission_id is null then notices.commission_id is not null
            else coalesce(reasons.is_commission_forfeited, churns.is_voluntary, false)
        end as is_reason_counted
    from {{ ref('fct_commissions') }} as commissions
    left join churns
        on commissions.commission_id = churns.commission_id
        and churns.choice = 1
    left join notices
        on commissions.commission_id = notices.commission_id
    left join {{ ref('dim_churn_reasons') }} as reasons
        on churns.end_reason_code = reasons.reported_code
    cross join {{ ref('policy') }} as policy
),

dated as (
    select
        matched.*,
        -- A churn within the window without a request is known only when the grace is over.
        {{ days_between(business_date('matched.window_end_at'), 'run_context.as_of_date') }}
        >= policy.churn_grace_days as is_mature
    from matched
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
)

select
    dated.commission_id,
    dated.employee_id,
    employees.team as team_code,
    employees.unit as unit_code,
    dated.customer_id,
    status.status as customer_status,
    status.is_paying,
    dated.subscription_id,
    dated.currency_code,
    dated.commission_status,
    case
        when not dated.is_first_sale then 'not_judged'
        when dated.churned_at < dated.window_end_at and dated.is_reason_counted
            then case when dated.commission_status = 'paid' then 'clawback_due' else 'forfeited' end
        when dated.commission_status = 'cancelled' then 'cancelled'
        when not dated.is_mature then 'pending'
        else 'payable'
    end as decision_status,
    dated.end_reason_code,
    cast(dated.amount as decimal(18, 2)) as commission_amount,
    {{ converted('dated.amount') }} as converted_amount,
    dated.is_first_sale,
    dated.is_mature,
    dated.is_first_sale and coalesce(dated.churned_at < dated.window_end_at, false) and dated.is_reason_counted
        as is_early_churn,
    {{ period_start('month', 'dated.sold_date') }} as sold_month,
    dated.sold_at,
    dated.window_end_at,
    dated.churned_at,
    dated.paid_at
from dated
{{ join_rates('dated.currency_code', 'dated.sold_date') }}
{{ attributes_as_of('dated', 'dated.sold_date', ['status']) }}
left join {{ ref('dim_employees') }} as employees
    on dated.employee_id = employees.employee_id
    and {{ holds_at('employees', 'dated.sold_date') }}
