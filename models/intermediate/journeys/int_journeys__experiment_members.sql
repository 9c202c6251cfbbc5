{{ config(materialized=inlined('view')) }}
-- What each customer of an experiment did within its window. Customers whom a contact missed stay in their arm.
with members as (
    select
        assignments.*,
        coalesce(status.status, 'registered') as customer_status,
        coalesce(usage_segment.segment_code, 'unassigned') as segment_code,
        assignments.outcome_to_date <= run_context.as_of_date as is_mature
    from {{ ref('fct_experiment_assignments') }} as assignments
    cross join {{ ref('run_context') }} as run_context
    {{ attributes_as_of('assignments', 'assignments.assigned_date', ['usage_segment', 'status']) }}
),

contacted as (
    select
        members.experiment_id,
        members.customer_id,
        count(contacts.reached_at) as reached_count
    from members
    inner join {{ ref('fct_contacts') }} as contacts
        on members.customer_id = contacts.customer_id
        and members.campaign_code = contacts.campaign_code
        and contacts.direction = 'outbound'
        and contacts.attempted_at >= members.assigned_at
        and contacts.attempted_date <= members.outcome_to_date
    group by members.experiment_id, members.customer_id
),

visited as (
    select distinct
        members.experiment_id,
        members.customer_id
    from members
    inner join {{ ref('fct_component_usage_daily') }} as uses
        on members.customer_id = uses.customer_id
        and uses.usage_date >= members.assigned_date
        and uses.usage_date <= members.outcome_to_date
        and uses.last_at > members.assigned_at
),

completed as (
    select distinct
        members.experiment_id,
        members.customer_id
    from members
    inner join {{ ref('fct_funnel_attempts') }} as attempts
        on members.customer_id = attempts.customer_id
        and members.funnel_code = attempts.funnel_code
        and attempts.goal_at > members.assigned_at
        and {{ business_date('attempts.goal_at') }} <= members.outcome_to_date
),

bought as (
    select
        members.experiment_id,
        members.customer_id,
        sum(purchases.reporting_amount) as revenue_amount,
        count(case when purchases.reporting_amount is null then 1 end) as unconverted_count
    from members
    inner join {{ ref('fct_purchases') }} as purchases
        on members.customer_id = purchases.customer_id
        and purchases.purchased_at > members.assigned_at
        and purchases.purchased_date <= members.outcome_to_date
    group by members.experiment_id, members.customer_id
)

select
    members.experiment_id,
    members.customer_id,
    members.arm_code,
    members.customer_status,
    members.segment_code,
    cast(coalesce(bought.revenue_amount, 0) as decimal(18, 2)) as revenue_amount,
    coalesce(bought.unconverted_count, 0) as unconverted_count,
    members.is_control,
    members.is_mature,
    contacted.customer_id is not null as is_contacted,
    coalesce(contacted.reached_count, 0) > 0 as is_reached,
    visited.customer_id is not null as is_visited,
    case
        when members.funnel_code is not null then completed.customer_id is not null
        else bought.customer_id is not null
    end as is_converted,
    members.assigned_date
from members
left join contacted
    on members.experiment_id = contacted.experiment_id
    and members.customer_id = contacted.customer_id
left join visited
    on members.experiment_id = visited.experiment_id
    and members.customer_id = visited.customer_id
left join completed
    on members.experiment_id = completed.experiment_id
    and members.customer_id = completed.customer_id
left join bought
    on members.experiment_id = bought.experiment_id
    and members.customer_id = bought.customer_id
