-- The one definition of an early drop-off: at the end of the watch period, no access, or no use since the active days
-- (ACT-07, ACT-08). Later events do not change it.
with watches as (
    select
        customers.customer_id,
        customers.registered_date,
        customers.registration_month,
        customers.registration_segment_code,
        {{ add_days('customers.registered_date', 'policy.early_dropoff_active_days') }}
            as active_until_date,
        {{ add_days('customers.registered_date', 'policy.early_dropoff_watch_days') }}
            as watched_to_date
    from {{ ref('customer_registrations') }} as customers
    -- Customers who registered before events begin may have used the product unseen.
    cross join {{ ref('policy') }} as policy
    where customers.registered_date >= {{ observed_from('events', 'measured_from') }}
),

last_uses as (
    select
        watches.customer_id,
        max(uses.usage_date) as last_use_date
    from watches
    inner join {{ ref('fct_customer_usage_daily') }} as uses
        on watches.customer_id = uses.customer_id
        and watches.watched_to_date >= uses.usage_date
    group by watches.customer_id
),

evaluated as (
    select
        watches.*,
        watches.watched_to_date <= run_context.as_of_date as is_mature,
        -- The end of a contract in the last days is known only when the grace is over.
        {{ days_between('watches.watched_to_date', 'run_context.as_of_date') }} >= policy.churn_grace_days
            as is_complete,
        status.status as customer_status,
        status.has_access,
        coalesce(last_uses.last_use_date > watches.active_until_date, false) as is_active
    from watches
    cross join {{ ref('run_context') }} as run_context
    left join last_uses
        on watches.customer_id = last_uses.customer_id
    {{ attributes_as_of('watches', 'watches.watched_to_date', ['status']) }}
    cross join {{ ref('policy') }} as policy
)

select
    customer_id,
    registration_segment_code,
    case
        when not is_mature then null
        when customer_status = 'churned' then 'churned'
        when not has_access then 'access_ended'
        when not is_active then 'inactive'
    end as dropoff_kind,
    is_mature,
    is_complete,
    registered_date,
    registration_month,
    watched_to_date as dropoff_date
from evaluated
