{{ config(materialized=inlined('view')) }}
-- FBK-15, FBK-22: what customers had said about the topic of an item before it was decided on, each customer once, and
-- the first insight: what the source says, else the earliest mention in the months before the item.
with items as (
    select
        items.item_id,
        items.topic_code,
        items.created_date,
        {{ business_date('items.detected_at') }} as detected_date,
        {{ add_days('items.created_date', '-policy.insight_memory_days') }} as evidence_from_date,
        coalesce({{ business_date('items.decided_at') }}, run_context.as_of_date) as evidence_to_date,
        run_context.as_of_date
    from {{ ref('fct_backlog_items') }} as items
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
),

matched as (
    select
        items.item_id,
        items.created_date,
        items.as_of_date,
        mentions.*
    from items
    inner join {{ ref('int_feedback__topic_mentions') }} as mentions
        on items.topic_code = mentions.topic_code
        and mentions.occurred_date between items.evidence_from_date and items.evidence_to_date
),

counted as (
    select
        item_id,
        count(distinct place_key) as mentions_count,
        count(distinct customer_id) as customers_count,
        count(distinct case when is_negative then customer_id end) as dissatisfied_customers_count,
        count(distinct case when customer_group = 'unpaid_new' then customer_id end) as unpaid_customers_count,
        count(distinct case
            when customer_group = 'unpaid_new' and nps_group in ('passive', 'detractor') then customer_id
        end) as unpaid_wishing_count,
        min(case when occurred_date <= created_date then occurred_date end) as first_mention_date
    from matched
    group by item_id
),

who as (
    select distinct
        item_id,
        customer_id,
        as_of_date
    from matched
    where customer_id is not null
),

money as (
    {{ mrr_at('who', ['item_id'], 'who.as_of_date') }}
)

select
    items.item_id,
    coalesce(counted.mentions_count, 0) as mentions_count,
    coalesce(counted.customers_count, 0) as customers_count,
    coalesce(counted.dissatisfied_customers_count, 0) as dissatisfied_customers_count,
    coalesce(counted.unpaid_customers_count, 0) as unpaid_customers_count,
    coalesce(counted.unpaid_wishing_count, 0) as unpaid_wishing_count,
    case when counted.customers_count > 0 then coalesce(money.converted_mrr, 0) end as mrr_amount,
    least(
        items.created_date, coalesce(items.detected_date, counted.first_mention_date, items.created_date)
    ) as insight_date
from items
left join counted
    on items.item_id = counted.item_id
left join money
    on items.item_id = money.item_id
