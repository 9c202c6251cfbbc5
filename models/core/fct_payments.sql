{{ touched({'customer_id': 'customer_id', 'paid_date': 'paid_date'}, [{'relation': 'stg_billing__payments'}]) }}
with payments as (
    select
        payment_id,
        customer_id,
        coalesce(order_id, cast(paid_date as {{ dbt.type_string() }})) as purchase_key,
        currency,
        -- Some systems write a refund with its sign, some without.
        case when is_refund then -abs(amount) else amount end as amount,
        coalesce(is_refund, false) as is_refund,
        paid_date,
        paid_at
    from {{ ref('stg_billing__payments') }}
    where status = 'succeeded'
        and {{ touched_scope() }}
)

select
    payment_id,
    customer_id,
    purchase_key,
    currency,
    cast(amount as decimal(18, 2)) as amount,
    is_refund,
    paid_date,
    paid_at
from payments
