with effective as (
    select
        contacts.customer_id,
        max(contacts.effective_at) as last_effective_contact_at
    from {{ ref('fct_contacts') }} as contacts
    where contacts.is_effective
    group by contacts.customer_id
),

-- Customers who never used anything are as inactive as one can be, counted from the registration; those whose use is
-- not recorded are neither active nor inactive.
measured as (
    select
        health.*,
        case
            when health.health_status <> 'not_measured'
                then coalesce(
                        health.inactive_days,
                        {{ days_between('health.registered_date', 'run_context.as_of_date') }}
                    )
        end as days_without_use
    from {{ ref('mart_usage_health') }} as health
    cross join {{ ref('run_context') }} as run_context
)

select
    renewals.customer_id,
    health.customer_status,
    health.segment_code,
    health.account_manager_id,
    health.health_status,
    cast({{ days_between('run_context.as_of_date', 'renewals.renewal_date') }} as bigint) as days_to_renewal,
    health.inactive_days,
    health.days_without_use > policy.renewal_inactive_days as is_silent,
    health.days_without_use > policy.renewal_extreme_inactive_days as is_extremely_inactive,
    health.is_paying,
    renewals.renewal_date,
    effective.last_effective_contact_at
from {{ ref('dim_customer_renewals') }} as renewals
cross join {{ ref('run_context') }} as run_context
inner join measured as health
    on renewals.customer_id = health.customer_id
    and health.is_paying
left join effective
    on renewals.customer_id = effective.customer_id
cross join {{ ref('policy') }} as policy
where {{ days_between('run_context.as_of_date', 'renewals.renewal_date') }} <= policy.renewal_notice_days
