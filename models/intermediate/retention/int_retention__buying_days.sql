{{ config(materialized=inlined('view')) }}
-- What a customer bought and paid on a day, with what was known of them on it. Deleted accounts are included, because a
-- deletion changes no closed period.
with purchases as (
    select
        customer_id,
        purchased_date as moved_date,
        count(*) as purchases_count,
        count(reporting_amount) as priced_count,
        sum(reporting_amount) as purchases_amount
    from {{ ref('fct_purchases') }}
    group by customer_id, purchased_date
),

cash as (
    select
        customer_id,
        paid_date as moved_date,
        count(*) as movements_count,
        {{ unconverted_count('reporting_amount') }} as unconverted_count,
        sum(reporting_amount) as revenue_amount,
        sum(case when is_refund then -reporting_amount end) as refunded_amount
    from {{ ref('fct_cash_movements') }}
    group by customer_id, paid_date
),

first_purchases as (
    select
        customer_id,
        min(moved_date) as first_purchased_date
    from purchases
    group by customer_id
),

-- A payment of nothing is a movement of a day without a purchase, a purchase always has one.
movements as (
    select
        cash.customer_id,
        customers.source_customer_id,
        customers.region,
        customers.acquisition_channel,
        coalesce(customers.registered_date >= {{ observed_from('payments', 'measured_from') }}, false) as is_measurable,
        first_purchases.first_purchased_date,
        coalesce(purchases.purchases_count, 0) as purchases_count,
        coalesce(purchases.priced_count, 0) as priced_count,
        coalesce(purchases.purchases_amount, 0) as purchases_amount,
        cash.movements_count,
        cash.unconverted_count,
        coalesce(cash.revenue_amount, 0) as revenue_amount,
        coalesce(cash.refunded_amount, 0) as refunded_amount,
        cash.moved_date
    from cash
    inner join {{ ref('customer_accounts') }} as customers
        on cash.customer_id = customers.customer_id
    left join purchases
        on cash.customer_id = purchases.customer_id
        and cash.moved_date = purchases.moved_date
    left join first_purchases
        on cash.customer_id = first_purchases.customer_id
)

select
    movements.customer_id,
    movements.source_customer_id,
    coalesce(status.status, 'registered') as customer_status,
    coalesce(usage_segment.segment_code, 'unassigned') as segment_code,
    coalesce(value_segment.segment_code, 'unassigned') as value_segment_code,
    coalesce(movements.region, 'unknown') as region,
    coalesce(movements.acquisition_channel, 'unknown') as acquisition_channel,
    movements.is_measurable,
    movements.first_purchased_date,
    movements.purchases_count,
    movements.priced_count,
    movements.purchases_amount,
    movements.movements_count,
    movements.unconverted_count,
    movements.revenue_amount,
    movements.refunded_amount,
    movements.moved_date
from movements
{{ attributes_as_of(
    'movements', 'movements.moved_date', ['status', 'usage_segment', 'value_segment'], source_customer='source_customer_id'
) }}
