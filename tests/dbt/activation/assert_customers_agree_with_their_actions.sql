-- Prevents the summary of a customer from drifting from the checklist, and a checklist from proposing two next actions.
with actions as (
    select
        customer_id,
        count(case when is_required then 1 end) as required_count,
        count(case when is_required and is_done then 1 end) as done_required_count,
        count(case when is_done then 1 end) as done_count,
        count(case when not is_done then 1 end) as open_count,
        count(case when is_next_action then 1 end) as next_count
    from {{ ref('mart_activation_actions') }}
    group by customer_id
)

select
    customers.customer_id,
    customers.required_actions_count,
    customers.done_required_count,
    customers.done_actions_count,
    actions.next_count
from {{ ref('mart_activation_customer') }} as customers
left join actions
    on customers.customer_id = actions.customer_id
where customers.required_actions_count <> coalesce(actions.required_count, 0)
    or customers.done_required_count <> coalesce(actions.done_required_count, 0)
    or customers.done_actions_count <> coalesce(actions.done_count, 0)
    -- No next action is right when the window of every open step has passed.
    or coalesce(actions.next_count, 0) > case when actions.open_count > 0 then 1 else 0 end
