-- Lines of orders of a shop: what was bought. The group of a product is its component.
-- Left out: test orders, orders of guests, and orders that are not paid.
with orders as (
    from {{ export('shop/orders*.json*', rows='orders', latest='id',
                   columns=['customer', 'line_items', 'processed_at', 'refunds', 'source_name', 'test']) }}
    where coalesce(test, 'false') = 'false' and customer is not null
        and financial_status in ('paid', 'partially_refunded', 'refunded')
),

lines as (
    select
        *,
        unnest(elements(line_items)) as line
    from orders
)

select
    'line:' || (line ->> 'id') as event_id,
    id_of(customer) as customer_id,
    'Bought product' as event_name,
    coalesce(processed_at, created_at) as occurred_at,
    case when source_name = 'pos' then 'pos' else 'web' end as source,
    coalesce(line ->> 'product_type', line ->> 'vendor') as event_group,
    id as object_id,
    line ->> 'quantity' as quantity,
    cast(line ->> 'price' as decimal(18, 6)) * cast(line ->> 'quantity' as decimal(18, 6))
    - coalesce(try_cast(line ->> 'total_discount' as decimal(18, 6)), 0) as value_amount,
    'shop' as source_system,
    _file,
    _line
from lines
