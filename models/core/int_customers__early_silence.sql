-- Customers who fell off at the very start: no use from the end of the active days to the end of the watch (ACT-08).
with candidates as (
    select
        customers.customer_id,
        customers.registered_date,
        {{ add_days('customers.registered_date', 'cast(' ~ threshold('early_dropoff_active_days') ~ ' as integer)') }}
            as active_until_date,
        {{ add_days('customers.registered_date', 'cast(' ~ threshold('early_dropoff_watch_days') ~ ' as integer)') }}
            as silent_date
    from {{ ref('int_customers__registration') }} as customers
),

measurable as (
    select candidates.*
    from candidates
    inner join {{ ref('run_context') }} as run_context
        on candidates.silent_date <= run_context.as_of_date
    -- Customers who registered before events begin may have used the product unseen.
    where candidates.registered_date >= {{ observed_from('events', 'measured_from') }}
)

select
    measurable.customer_id,
    measurable.registered_date,
    measurable.silent_date
from measurable
left join {{ ref('fct_usage_daily') }} as uses
    on measurable.customer_id = uses.customer_id
    and uses.usage_date > measurable.active_until_date
    and uses.usage_date <= measurable.silent_date
where uses.customer_id is null
