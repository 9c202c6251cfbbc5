{{ config(materialized='view') }}
-- Stretches of days on which a customer was away: every leaving until the return, and for good those whose trial or
-- free contract ran out without their ever becoming one. Who asks about a day of the past asks here: whoever is back
-- had been away all the same.
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
    left_date,
    returned_date
from {{ ref('fct_churn_events') }}
union all
select
    never_customers.customer_id,
    never_customers.left_date,
    cast(null as date) as returned_date
from never_customers
cross join {{ ref('run_context') }} as run_context
where never_customers.left_date < {{ open_end() }}
    and {{ days_between('never_customers.left_date', 'run_context.as_of_date') }}
    >= {{ threshold('churn_grace_days') }}
