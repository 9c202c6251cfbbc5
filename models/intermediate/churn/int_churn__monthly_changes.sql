{{ config(materialized=inlined('view')) }}
-- What the recurring revenue of a customer did in a month, in the reporting currency. All currencies of a day together:
-- changing the currency is neither loss nor gain. Changes without a rate are counted, not added.
with daily_changes as (
    select
        customer_id,
        tenure_number,
        changed_month,
        changed_date,
        coalesce(sum(converted_mrr_change), 0) as net_change,
        max(case when movement = 'churned' then 1 else 0 end) as is_churned,
        max(case when converted_mrr_change is null then 1 else 0 end) as is_unconverted
    from {{ ref('fct_mrr_changes') }}
    group by customer_id, tenure_number, changed_month, changed_date
)

select
    customer_id,
    tenure_number,
    changed_month,
    sum(case when is_churned = 0 then greatest(net_change, 0) else 0 end) as up_amount,
    sum(case when is_churned = 0 then greatest(-net_change, 0) else 0 end) as down_amount,
    sum(case when is_churned = 1 then -net_change else 0 end) as churned_amount,
    max(is_unconverted) = 1 as is_unconverted
from daily_changes
group by customer_id, tenure_number, changed_month
