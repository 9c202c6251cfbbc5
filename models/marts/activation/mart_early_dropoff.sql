-- Registered customers whom nothing holds: gone or silent before they were activated. Younger ones are open.
with limits as (
    select
        segment_code,
        recency_unit_days * (at_risk_band - 1) as silent_days
    from {{ ref('dim_segments') }}
),

last_uses as (
    select
        events.customer_id,
        max({{ business_date('events.last_at') }}) as last_use_date
    from {{ ref('state_customer_events') }} as events
    inner join {{ ref('dim_events') }} as catalogue
        on events.event_name = catalogue.event_name
        and catalogue.is_usage
    group by events.customer_id
),

first_leavings as (
    select
        customer_id,
        left_date
    from {{ ref('fct_churn_events') }}
    where spell_number = 1
),

judged as (
    select
        activation.customer_id,
        activation.registration_month,
        coalesce(activation.segment_code, 'unassigned') as segment_code,
        coalesce(activation.last_done_step_code, 'none') as last_done_step_code,
        activation.is_activated,
        activation.tenure_days >= {{ threshold('early_dropoff_days') }} as is_mature,
        coalesce(
            {{ days_between('activation.registered_date', 'first_leavings.left_date') }}
            <= {{ threshold('early_dropoff_days') }},
            false
        ) as has_left_early,
        first_leavings.customer_id is null
        and coalesce(
            {{ days_between('activation.registered_date', 'customers.left_date') }}
            <= {{ threshold('early_dropoff_days') }},
            false
        ) as has_lapsed_early,
        coalesce(
            {{ days_between(
                'coalesce(last_uses.last_use_date, activation.registered_date)', 'run_context.as_of_date'
            ) }} > limits.silent_days,
            false
        ) as is_silent
    from {{ ref('mart_activation_customer') }} as activation
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('dim_customers') }} as customers
        on activation.customer_id = customers.customer_id
    left join first_leavings
        on activation.customer_id = first_leavings.customer_id
    left join last_uses
        on activation.customer_id = last_uses.customer_id
    left join limits
        on activation.segment_code = limits.segment_code
    where activation.is_measurable
),

grouped as (
    select
        registration_month,
        segment_code,
        last_done_step_code,
        count(*) as registered_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature then 1 end) as mature_count,
        count(case when is_mature and not is_activated and has_left_early then 1 end) as left_count,
        count(case when is_mature and not is_activated and not has_left_early and has_lapsed_early then 1 end)
            as lapsed_count,
        count(case
            when is_mature and not is_activated and not has_left_early and not has_lapsed_early and is_silent then 1
        end) as silent_count
    from judged
    group by registration_month, segment_code, last_done_step_code
)

select
    segment_code,
    last_done_step_code,
    cast(registered_count as bigint) as registered_count,
    cast(pending_count as bigint) as pending_count,
    cast(left_count as bigint) as left_count,
    cast(lapsed_count as bigint) as lapsed_trials_count,
    cast(silent_count as bigint) as silent_count,
    cast(left_count + lapsed_count + silent_count as bigint) as dropped_early_num,
    cast(mature_count as bigint) as dropped_early_den,
    {{ pct('(left_count + lapsed_count + silent_count)', 'mature_count') }} as dropped_early_pct,
    pending_count = 0 as is_complete,
    mature_count >= {{ threshold('min_reliable_count') }} as is_reliable,
    registration_month
from grouped
