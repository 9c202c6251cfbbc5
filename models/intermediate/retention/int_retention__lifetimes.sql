-- The first stretch as a customer of everybody who ever was one: what a lifetime is until the first leaving.
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

spells as (
    select
        spells.customer_id,
        spells.basis,
        spells.started_date,
        {{ period_start('month', 'spells.started_date') }} as started_month,
        case
            when spells.churned_date <= {{ last_final_date('run_context.as_of_date') }} then spells.churned_date
        end as churned_date,
        -- Of those who were customers before their source began, only the ones who were still there are seen.
        case
            when spells.started_date >= starts.measured_from then spells.started_date
            else starts.observed_from
        end as seen_from_date,
        {{ last_final_date('run_context.as_of_date') }} as last_final_date,
        coalesce(spells.started_date < starts.measured_from, true) as is_truncated
    from {{ ref('customer_tenures') }} as spells
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    left join starts
        on spells.basis = starts.basis
    where spells.tenure_number = 1
)

select
    spells.customer_id,
    spells.basis,
    coalesce(segments.segment_code, registration.registration_segment_code, 'unassigned') as segment_code,
    coalesce(plans.plan_code, 'none') as plan_code,
    coalesce(customer_accounts.acquisition_channel, 'unknown') as acquisition_channel,
    coalesce(customer_accounts.region, 'unknown') as region,
    spells.is_truncated,
    spells.started_date,
    spells.started_month,
    spells.churned_date,
    -- Without a contract and without a limit of inactivity nobody can churn.
    case when spells.basis = 'contract' or limits.churn_inactivity_days is not null then spells.seen_from_date end
        as seen_from_date,
    spells.last_final_date
from spells
inner join {{ ref('customer_accounts') }} as customer_accounts
    on spells.customer_id = customer_accounts.customer_id
left join {{ ref('customer_registrations') }} as registration
    on customer_accounts.source_customer_id = registration.customer_id
left join plans
    on spells.customer_id = plans.customer_id
    and plans.choice = 1
left join {{ ref('dim_customer_segments') }} as segments
    on customer_accounts.source_customer_id = segments.customer_id
    and segments.scheme = 'usage'
    and {{ holds_at('segments', 'spells.started_date') }}
left join {{ ref('segments') }} as limits
    on coalesce(segments.segment_code, registration.registration_segment_code) = limits.segment_code
