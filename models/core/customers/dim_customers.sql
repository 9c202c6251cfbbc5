with registration as (
    select * from {{ ref('customer_registrations') }}
),

current_segments as (
    select
        customer_id,
        max(case when scheme = 'usage' then segment_code end) as usage_segment_code,
        max(case when scheme = 'value' then segment_code end) as value_segment_code
    from {{ ref('dim_customer_segments') }}
    where valid_to is null or valid_to > (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
    group by customer_id
),

-- The last churn of customers whose last tenure has ended; reactivated customers have none.
last_churns as (
    select
        customer_id,
        max(churned_date) as churned_date
    from {{ ref('customer_tenures') }}
    group by customer_id
    having count(*) = count(churned_date)
)

select
    registration.customer_id,
    customers.display_name,
    customers.customer_type,
    customers.region,
    customers.city,
    customers.acquisition_channel,
    customers.referred_by_customer_id,
    registration.registration_segment_code,
    registration.registration_value_segment_code,
    registration.registration_plan_code,
    registration.onboarding_owner_id,
    current_segments.usage_segment_code,
    current_segments.value_segment_code,
    status.status as customer_status,
    status.plan_code,
    status.is_paying,
    status.has_access,
    {{ days_between('registration.registered_date', 'run_context.as_of_date') }} as tenure_days,
    registration.registered_date,
    registration.registration_month,
    case when status.status = 'churned' then last_churns.churned_date end as churned_date,
    registration.registered_at,
    case
        when customers.account_completed_at < run_context.as_of_end_at then customers.account_completed_at
    end as account_completed_at
from registration
cross join {{ ref('run_context') }} as run_context
inner join {{ ref('stg_crm__customers') }} as customers
    on registration.customer_id = customers.customer_id
left join current_segments
    on registration.customer_id = current_segments.customer_id
left join last_churns
    on registration.customer_id = last_churns.customer_id
{{ attributes_as_of('registration', 'run_context.as_of_date', ['status']) }}
