with customers as (
    select
        watched.customer_id,
        watched.registration_month,
        coalesce(watched.registration_segment_code, 'unassigned') as segment_code,
        coalesce(activation.last_done_step_code, 'none') as last_done_step_code,
        watched.dropoff_kind,
        watched.is_mature,
        watched.is_complete,
        coalesce({{ business_date('activation.activated_at') }} <= watched.dropoff_date, false) as is_activated
    from {{ ref('fct_early_dropoffs') }} as watched
    left join {{ ref('mart_activation_customer') }} as activation
        on watched.customer_id = activation.customer_id
),

grouped as (
    select
        registration_month,
        segment_code,
        last_done_step_code,
        count(*) as registered_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature then 1 end) as mature_count,
        count(case when not is_complete then 1 end) as incomplete_count,
        count(case when dropoff_kind = 'churned' then 1 end) as churned_count,
        count(case when dropoff_kind = 'lapsed' then 1 end) as lapsed_count,
        count(case when dropoff_kind = 'inactive' then 1 end) as inactive_count,
        count(dropoff_kind) as dropped_count,
        count(case when dropoff_kind is not null and is_activated then 1 end) as dropped_activated_count
    from customers
    group by registration_month, segment_code, last_done_step_code
)

select
    segment_code,
    last_done_step_code,
    cast(registered_count as bigint) as registered_count,
    cast(pending_count as bigint) as pending_count,
    cast(churned_count as bigint) as churned_count,
    cast(lapsed_count as bigint) as lapsed_trials_count,
    cast(inactive_count as bigint) as inactive_count,
    cast(dropped_activated_count as bigint) as dropped_activated_count,
    cast(dropped_count as bigint) as dropped_early_num,
    cast(mature_count as bigint) as dropped_early_den,
    {{ pct('dropped_count', 'mature_count') }} as dropped_early_pct,
    incomplete_count = 0 as is_complete,
    {{ is_reliable('mature_count') }} as is_reliable,
    registration_month
from grouped
