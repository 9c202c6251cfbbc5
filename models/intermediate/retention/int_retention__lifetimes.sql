-- The first tenure of every customer: the lifetime until the first churn.
with starts as (
    select
        case when source_code = 'billing' then 'contract' else 'activity' end as basis,
        observed_from,
        measured_from
    from {{ ref('dim_observation_starts') }}
    where source_code in ('billing', 'events')
),

plans as (
    select
        slices.customer_id,
        slices.plan_code,
        row_number() over (
            partition by slices.customer_id
            order by slices.from_date asc, slices.mrr desc nulls last, slices.period_id asc
        ) as choice
    from {{ ref('subscription_status_periods') }} as slices
    where slices.is_coverage
),

tenures as (
    select
        tenures.customer_id,
        tenures.basis,
        tenures.started_date,
        {{ period_start('month', 'tenures.started_date') }} as started_month,
        case
            when tenures.churned_date <= {{ last_final_date('run_context.as_of_date') }} then tenures.churned_date
        end as churned_date,
        -- Of customers from before their source began, only those who had not churned by then are seen.
        case
            when tenures.started_date >= starts.measured_from then tenures.started_date
            else starts.observed_from
        end as seen_from_date,
        {{ last_final_date('run_context.as_of_date') }} as last_final_date,
        coalesce(tenures.started_date < starts.measured_from, true) as is_truncated
    from {{ ref('customer_tenures') }} as tenures
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    left join starts
        on tenures.basis = starts.basis
    where tenures.tenure_number = 1
)

select
    tenures.customer_id,
    customer_accounts.source_customer_id,
    tenures.basis,
    coalesce(segments.segment_code, registration.registration_segment_code, 'unassigned') as segment_code,
    coalesce(plans.plan_code, 'none') as plan_code,
    coalesce(customer_accounts.acquisition_channel, 'unknown') as acquisition_channel,
    coalesce(customer_accounts.region, 'unknown') as region,
    tenures.is_truncated,
    tenures.started_date,
    tenures.started_month,
    tenures.churned_date,
    -- Without a contract and without a limit of inactivity nobody can churn.
    case when tenures.basis = 'contract' or limits.churn_inactivity_days is not null then tenures.seen_from_date end
        as seen_from_date,
    tenures.last_final_date
from tenures
inner join {{ ref('customer_accounts') }} as customer_accounts
    on tenures.customer_id = customer_accounts.customer_id
left join {{ ref('customer_registrations') }} as registration
    on customer_accounts.source_customer_id = registration.customer_id
left join plans
    on tenures.customer_id = plans.customer_id
    and plans.choice = 1
left join {{ ref('dim_customer_segments') }} as segments
    on customer_accounts.source_customer_id = segments.customer_id
    and segments.scheme = 'usage'
    and {{ holds_at('segments', 'tenures.started_date') }}
left join {{ ref('segments') }} as limits
    on coalesce(segments.segment_code, registration.registration_segment_code) = limits.segment_code
