-- Orders of a shop and their refunds. An order is one payment.
-- Left out: test orders and orders of guests.
with orders as (
    from {{ export('shop/orders*.json*', rows='orders', latest='id',
                   columns=['customer', 'line_items', 'processed_at', 'refunds', 'source_name', 'test']) }}
    where coalesce(test, 'false') = 'false' and customer is not null
),

refunds as (
    select
        id,
        customer,
        currency,
        unnest(elements(refunds)) as refund,
        _file,
        _line
    from orders
),

transactions as (
    select
        *,
        unnest(elements(refund -> '$.transactions')) as transaction
    from refunds
)

select
    'order:' || id as payment_id,
    id_of(customer) as customer_id,
    id as order_id,
    coalesce(processed_at, created_at) as paid_at,
    total_price as amount,
    currency,
    case
        when financial_status in ('paid', 'partially_refunded', 'refunded') then 'succeeded'
        when financial_status in ('voided', 'expired') then 'failed'
        else 'pending'
    end as status,
    false as is_refund,
    'shop' as source_system,
    _file,
    _line
from orders
union all
select
    'refund:' || (transaction ->> 'id'),
    id_of(customer),
    id,
    coalesce(transaction ->> 'created_at', refund ->> 'created_at'),
    transaction ->> 'amount',
    coalesce(transaction ->> 'currency', currency),
    case transaction ->> 'status' when 'success' then 'succeeded' when 'pending' then 'pending' else 'failed' end,
    true,
    'shop',
    _file,
    _line
from transactions
where (transaction ->> 'kind') = 'refund'
