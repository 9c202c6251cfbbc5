-- A purchase is an order or, without an order number, all charges of one subscription (or of none) on one day. A full
-- refund is decided in the currency of the payment, because rates move between the two days.
with payments as (
    select
        *,
        -- A refund without an order number belongs to the last charge before it.
        coalesce(
            max(case when not is_refund then paid_date end) over (
                partition by customer_id, order_id, subscription_id
                order by paid_at, is_refund, payment_id
                rows between unbounded preceding and current row
            ),
            paid_date
        ) as charged_date
    from {{ ref('fct_cash_movements') }}
),

keyed as (
    select
        *,
        case
            when order_id is not null then 'order ' || order_id
            else 'charge ' || coalesce(subscription_id || ' ', '') || cast(charged_date as {{ dbt.type_string() }})
        end as purchase_key
    from payments
),

by_currency as (
    select
        customer_id,
        purchase_key,
        currency_code,
        sum(amount) as paid_amount,
        sum(reporting_amount) as reporting_amount,
        count(case when reporting_amount is null then 1 end) as unconverted_count,
        count(case when amount is null and not is_refund then 1 end) as unpriced_count,
        min(case when not is_refund then paid_date end) as purchased_date,
        min(case when not is_refund then paid_at end) as purchased_at
    from keyed
    group by customer_id, purchase_key, currency_code
)

select
    customer_id,
    purchase_key,
    cast(case when sum(unconverted_count) = 0 then sum(reporting_amount) end as decimal(18, 2)) as reporting_amount,
    min(purchased_date) as purchased_date,
    min(purchased_at) as purchased_at
from by_currency
group by customer_id, purchase_key
-- A charge of an unknown price is a purchase; nobody knows whether it was refunded in full.
having (max(paid_amount) > 0 or sum(unpriced_count) > 0)
    and min(purchased_at) is not null
