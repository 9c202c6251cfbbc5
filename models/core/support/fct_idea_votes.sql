{{ config(materialized=inlined('view')) }}
-- One voice per customer and idea: the latest vote as of the close of the day. Votes of the author and of test accounts
-- do not count, and a vote that was withdrawn is none.
with ranked as (
    select
        votes.item_id,
        votes.customer_id,
        votes.vote,
        votes.voted_date,
        votes.voted_at,
        row_number() over (
            partition by votes.item_id, votes.customer_id order by votes.voted_at desc
        ) as choice
    from {{ ref('stg_support__idea_votes') }} as votes
    inner join {{ ref('run_context') }} as run_context
        on votes.voted_at < run_context.as_of_end_at
    inner join {{ ref('customer_registrations') }} as customers
        on votes.customer_id = customers.customer_id
    left join {{ ref('fct_backlog_items') }} as items
        on votes.item_id = items.item_id
    where coalesce(items.submitted_by_customer_id <> votes.customer_id, true)
)

select
    item_id,
    customer_id,
    vote,
    voted_date,
    voted_at
from ranked
where choice = 1
    and vote <> 0
