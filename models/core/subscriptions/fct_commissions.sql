{{ config(materialized=inlined('view')) }}
-- Commissions as of the close of the business day.
select
    commissions.commission_id,
    commissions.employee_id,
    commissions.customer_id,
    commissions.subscription_id,
    commissions.currency_code,
    -- Later changes of state are not known yet; only payments carry their own moment.
    case
        when commissions.paid_at < run_context.as_of_end_at then 'paid'
        when commissions.status = 'paid' then 'accrued'
        else commissions.status
    end as commission_status,
    coalesce(commissions.amount, 0) as amount,
    -- Renewals do not count as first sales: the customer knows the product.
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
