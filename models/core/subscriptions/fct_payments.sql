{{ changed_keys({'customer_id': 'customer_id', 'paid_date': 'paid_date'}, [{'relation': 'stg_billing__payments'}]) }}
select
    payment_id,
    customer_id,
    subscription_id,
    order_id,
    currency_code,
    -- Some systems write refunds as negative amounts, others do not.
    cast(case when is_refund then -abs(amount) else amount end as decimal(18, 2)) as amount,
    coalesce(is_refund, false) as is_refund,
    paid_date,
    paid_at
from {{ ref('stg_billing__payments') }}
where status = 'succeeded'
    and {{ rows_to_build() }}
