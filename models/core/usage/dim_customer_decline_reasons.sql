{{ config(materialized=inlined('view')) }}
-- Why a customer uses less, according to the last conversation about it (USE-03, USE-17).
with asked as (
    select
        contacts.customer_id,
        contacts.outcome_reason,
        contacts.attempted_date,
        row_number() over (
            partition by contacts.customer_id order by contacts.attempted_at desc, contacts.contact_id desc
        ) as choice
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join {{ ref('run_context') }} as run_context
        on contacts.attempted_at < run_context.as_of_end_at
        and coalesce(
            contacts.held_at, contacts.ended_at, contacts.replied_at, contacts.answered_at, contacts.attempted_at
        )
        < run_context.as_of_end_at
    where contacts.outcome_reason is not null
)

select
    customer_id,
    outcome_reason,
    attempted_date as clarified_date
from asked
where choice = 1
