{{ config(materialized='view') }}
-- One row per tenure, from the first day as a customer to the churn: its status periods merged.
with tenures as (
    select
        customer_id,
        tenure_number,
        basis,
        min(valid_from) as started_date,
        min(case when is_churn_pending then valid_from end) as pending_date,
        case when count(*) = count(valid_to) then max(valid_to) end as churned_date
    from {{ ref('customer_status_periods') }}
    where is_customer
    group by customer_id, tenure_number, basis
)

select
    tenures.customer_id,
    tenures.tenure_number,
    tenures.basis,
    tenures.started_date,
    coalesce(tenures.churned_date, tenures.pending_date) as covered_to_date,
    tenures.churned_date,
    -- A late renewal may come until the grace is over, except for a deleted account.
    case
        when tenures.basis = 'activity' or customer_accounts.deleted_date = tenures.churned_date
            then tenures.churned_date
        else {{ add_days('tenures.churned_date', 'policy.churn_grace_days') }}
    end as recognised_date,
    case
        when tenures.churned_date is not null
            then lead(tenures.started_date) over (partition by tenures.customer_id order by tenures.tenure_number)
    end as reactivated_date,
    coalesce(customer_accounts.deleted_date = tenures.churned_date, false) as is_deleted
from tenures
inner join {{ ref('customer_accounts') }} as customer_accounts
    on tenures.customer_id = customer_accounts.customer_id
cross join {{ ref('policy') }} as policy
