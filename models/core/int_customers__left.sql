{{ config(materialized='view') }}
-- Who is gone as of the day: former customers who are not back, and those whose trial or free contract ran out without
-- their ever becoming one.
with never_customers as (
    select
        slices.customer_id,
        max(coalesce(slices.to_date, {{ open_end() }})) as left_date
    from {{ ref('int_subscriptions__slices') }} as slices
    left join {{ ref('int_customers__spells') }} as spells
        on slices.customer_id = spells.customer_id
    where spells.customer_id is null
    group by slices.customer_id
)

select
    customer_id,
    left_date
from {{ ref('fct_churn_events') }}
where returned_date is null
union all
select
    never_customers.customer_id,
    never_customers.left_date
from never_customers
cross join {{ ref('run_context') }} as run_context
where never_customers.left_date < {{ open_end() }}
    and {{ days_between('never_customers.left_date', 'run_context.as_of_date') }}
    >= {{ threshold('churn_grace_days') }}
