{{ config(materialized=inlined('view')) }}
-- Lines that were cancelled or returned are neither an order nor a gift.
select
    order_lines.order_line_id,
    order_lines.order_id,
    order_lines.customer_id,
    coalesce(order_lines.product_code, 'unassigned') as product_code,
    order_lines.quantity,
    {{ converted('order_lines.amount') }} as reporting_amount,
    {{ converted('order_lines.discount_amount') }} as reporting_discount_amount,
    order_lines.is_gift,
    order_lines.ordered_date,
    {{ business_date(known('order_lines.delivered_at')) }} as delivered_date,
    order_lines.ordered_at
from {{ ref('stg_billing__order_lines') }} as order_lines
inner join {{ ref('run_context') }} as run_context
    on order_lines.ordered_at < run_context.as_of_end_at
-- Test accounts and deleted customers count nowhere.
inner join {{ ref('customer_registrations') }} as registration
    on order_lines.customer_id = registration.customer_id
{{ join_rates('order_lines.currency_code', 'order_lines.ordered_date') }}
where order_lines.status not in ('cancelled', 'returned')
