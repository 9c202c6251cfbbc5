-- When it was known that a customer had churned, or that an account which had never been a customer had lost access,
-- and when they were back.
with first_tenures as (
    select
        customer_id,
        min(started_date) as started_date
    from {{ ref('customer_tenures') }}
    group by customer_id
)

select
    customer_id,
    true as is_customer,
    churned_date,
    recognised_date,
    reactivated_date
from {{ ref('customer_tenures') }}
where churned_date is not null
union all
select
    ends.customer_id,
    false as is_customer,
    ends.valid_from as churned_date,
    {{ add_days('ends.valid_from', 'policy.churn_grace_days') }} as recognised_date,
    ends.valid_to as reactivated_date
from {{ ref('customer_access_periods') }} as ends
left join first_tenures
    on ends.customer_id = first_tenures.customer_id
cross join {{ ref('policy') }} as policy
where not ends.has_access
    and coalesce(first_tenures.started_date > ends.valid_from, true)
