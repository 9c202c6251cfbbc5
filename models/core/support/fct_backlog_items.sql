{{ config(materialized=inlined('view')) }}
-- Items as of the close of the day; what is decided or shipped later is not known yet.
select
    items.item_id,
    items.title,
    items.topic_code,
    items.source_type,
    customers.customer_id as submitted_by_customer_id,
    case when items.decided_at < run_context.as_of_end_at then items.decision end as decision_code,
    items.is_public_idea,
    items.created_date,
    {{ known('items.detected_at') }} as detected_at,
    items.created_at,
    {{ known('items.published_at') }} as published_at,
    {{ known('items.decided_at') }} as decided_at,
    {{ known('items.started_at') }} as started_at,
    {{ known('items.shipped_at') }} as shipped_at
from {{ ref('stg_support__backlog_items') }} as items
inner join {{ ref('run_context') }} as run_context
    on items.created_at < run_context.as_of_end_at
-- An item stays when its author is deleted.
left join {{ ref('customer_registrations') }} as customers
    on items.submitted_by_customer_id = customers.customer_id
