-- Commissions as they stood when the business day closed.
select
    commissions.commission_id,
    commissions.employee_id,
    commissions.customer_id,
    commissions.subscription_id,
    commissions.currency_code,
    -- A state that came later is not known; only payments say when they came.
    case
        when commissions.paid_at < run_context.as_of_end_at then 'paid'
        when commissions.status = 'paid' then 'accrued'
        else commissions.status
    end as commission_status,
    coalesce(commissions.amount, 0) as amount,
    -- Renewals are sold to people who know what they buy.
    row_number() over (
        partition by commissions.customer_id order by commissions.sold_at, commissions.commission_id
    ) = 1 as is_first_sale,
    {{ business_date('commissions.sold_at') }} as sold_date,
    commissions.sold_at,
    case when commissions.paid_at < run_context.as_of_end_at then commissions.paid_at end as paid_at
from {{ ref('stg_billing__commissions') }} as commissions
inner join {{ ref('run_context') }} as run_context
    on commissions.sold_at < run_context.as_of_end_at
inner join {{ ref('customer_registrations') }} as customers
    on commissions.customer_id = customers.customer_id
