-- Who is gone, and when that was decided: a call after the cancellation comes too late to count (CON-14). The only
-- place in which contacts learn who left.
with cancellations as (
    select
        periods.customer_id,
        max(periods.cancel_requested_at) as cancel_requested_at
    from {{ ref('stg_billing__subscription_periods') }} as periods
    inner join {{ ref('int_customers__left') }} as left_customers
        on periods.customer_id = left_customers.customer_id
        and {{ business_date('periods.cancel_requested_at') }} <= left_customers.left_date
    group by periods.customer_id
)

select
    left_customers.customer_id,
    left_customers.left_date,
    coalesce(cancellations.cancel_requested_at, {{ day_start_at('left_customers.left_date') }}) as decided_at
from {{ ref('int_customers__left') }} as left_customers
left join cancellations
    on left_customers.customer_id = cancellations.customer_id
