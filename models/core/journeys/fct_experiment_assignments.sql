{{ config(materialized=inlined('view')) }}
select
    assignments.experiment_id,
    assignments.customer_id,
    assignments.arm_code,
    experiments.campaign_code,
    experiments.funnel_code,
    assignments.is_control,
    {{ add_days('assignments.assigned_date', 'coalesce(experiments.outcome_days, policy.experiment_outcome_days)') }}
        as outcome_to_date,
    assignments.assigned_date,
    assignments.assigned_at
from {{ ref('stg_product__experiment_assignments') }} as assignments
inner join {{ ref('run_context') }} as run_context
    on assignments.assigned_at < run_context.as_of_end_at
-- Test accounts and deleted customers count nowhere.
inner join {{ ref('customer_registrations') }} as registration
    on assignments.customer_id = registration.customer_id
left join {{ ref('dim_experiments') }} as experiments
    on assignments.experiment_id = experiments.experiment_id
cross join {{ ref('policy') }} as policy
