{{ config(materialized=inlined()) }}
-- Customers who may use a component, use it, have ever used it or gave it up, counted by week. They are counted by
-- segment and plan before the components are joined, or each customer would be read once per component.
with members as (
    select
        customer_id,
        segment_code,
        coalesce(plan_code, '(none)') as plan_code,
        case when is_customer then 1 else 0 end as is_customer,
        week_end_date
    from {{ ref('int_usage__weekly') }}
    where is_in_history
),

plans as (
    select
        week_end_date,
        segment_code,
        plan_code,
        count(*) as access_count,
        sum(is_customer) as customers_count
    from members
    group by week_end_date, segment_code, plan_code
),

relevant as (
    {{ entitled_components('plans') }}
),

used_in_week as (
    select
        members.week_end_date,
        members.segment_code,
        members.plan_code,
        weekly.component_code,
        count(*) as week_users_count
    from {{ ref('fct_usage_weekly') }} as weekly
    inner join members
        on weekly.customer_id = members.customer_id
        and {{ add_days('weekly.week_start_date', 6) }} = members.week_end_date
    group by members.week_end_date, members.segment_code, members.plan_code, weekly.component_code
),

-- Customers with the same set of components are counted before the sets are taken apart.
current_sets as (
    select
        members.week_end_date,
        members.segment_code,
        members.plan_code,
        four_weeks.set_word,
        four_weeks.components_bits,
        count(*) as access_count,
        sum(members.is_customer) as customers_count
    from members
    inner join {{ ref('state_usage_weeks') }} as four_weeks
        on members.customer_id = four_weeks.customer_id
        and members.week_end_date = four_weeks.week_end_date
    group by
        members.week_end_date,
        members.segment_code,
        members.plan_code,
        four_weeks.set_word,
        four_weeks.components_bits
),

current_uses as (
    select
        current_sets.week_end_date,
        current_sets.segment_code,
        current_sets.plan_code,
        components.component_code,
        sum(current_sets.access_count) as access_count,
        sum(current_sets.customers_count) as customers_count
    from current_sets
    inner join {{ ref('dim_components') }} as components
        on current_sets.set_word = components.set_word
        and (current_sets.components_bits & components.set_bit) <> 0
    group by
        current_sets.week_end_date, current_sets.segment_code, current_sets.plan_code, components.component_code
),

adopted as (
    select
        members.week_end_date,
        members.segment_code,
        members.plan_code,
        uses.component_code,
        count(*) as adopted_count
    from {{ ref('state_customer_component_usage') }} as uses
    inner join members
        on uses.customer_id = members.customer_id
        and uses.first_use_date <= members.week_end_date
    group by members.week_end_date, members.segment_code, members.plan_code, uses.component_code
),

stops as (
    select distinct
        inactivity.customer_id,
        inactivity.component_code,
        {{ add_days(period_start('week', 'inactivity.valid_from') | trim, 6) }} as week_end_date
    from {{ ref('int_usage__component_inactivity') }} as inactivity
),

stopped as (
    select
        members.week_end_date,
        members.segment_code,
        members.plan_code,
        stops.component_code,
        count(*) as stopped_count
    from stops
    inner join members
        on stops.customer_id = members.customer_id
        and stops.week_end_date = members.week_end_date
    group by members.week_end_date, members.segment_code, members.plan_code, stops.component_code
)

select
    plans.week_end_date,
    relevant.segment_code,
    relevant.component_code,
    sum(plans.access_count) as access_count,
    sum(plans.customers_count) as customers_count,
    coalesce(sum(used_in_week.week_users_count), 0) as week_users_count,
    coalesce(sum(current_uses.access_count), 0) as current_users_count,
    coalesce(sum(current_uses.customers_count), 0) as current_customer_users_count,
    coalesce(sum(adopted.adopted_count), 0) as adopted_count,
    coalesce(sum(stopped.stopped_count), 0) as stopped_count
from plans
inner join relevant
    on plans.segment_code = relevant.segment_code
    and plans.plan_code = relevant.plan_code
    and relevant.available_date <= plans.week_end_date
left join used_in_week
    on plans.week_end_date = used_in_week.week_end_date
    and plans.segment_code = used_in_week.segment_code
    and plans.plan_code = used_in_week.plan_code
    and relevant.component_code = used_in_week.component_code
left join current_uses
    on plans.week_end_date = current_uses.week_end_date
    and plans.segment_code = current_uses.segment_code
    and plans.plan_code = current_uses.plan_code
    and relevant.component_code = current_uses.component_code
left join adopted
    on plans.week_end_date = adopted.week_end_date
    and plans.segment_code = adopted.segment_code
    and plans.plan_code = adopted.plan_code
    and relevant.component_code = adopted.component_code
left join stopped
    on plans.week_end_date = stopped.week_end_date
    and plans.segment_code = stopped.segment_code
    and plans.plan_code = stopped.plan_code
    and relevant.component_code = stopped.component_code
group by plans.week_end_date, relevant.segment_code, relevant.component_code
