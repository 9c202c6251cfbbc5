-- Prevents lost or duplicated customers on the card.
select
    coalesce(customers.customer_id, cards.customer_id) as customer_id,
    cards.open_alerts_count,
    count(alerts.alert_id) as alerts_count
from {{ ref('dim_customers') }} as customers
full outer join {{ ref('mart_customer_360') }} as cards
    on customers.customer_id = cards.customer_id
left join {{ ref('mart_alerts') }} as alerts
    on cards.customer_id = alerts.customer_id
    and alerts.is_open
group by customers.customer_id, cards.customer_id, cards.open_alerts_count
having customers.customer_id is null
    or cards.customer_id is null
    or cards.open_alerts_count <> count(alerts.alert_id)
