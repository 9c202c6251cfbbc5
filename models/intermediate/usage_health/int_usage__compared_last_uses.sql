{{ config(materialized=inlined()) }}
-- USE-13: what churned customers used up to their last use, and what customers use now. Anchored at the last use before
-- a churn, not at the end of the contract: many customers were inactive long before.
with churns as (
    select
        customer_id,
        tenure_number,
        coalesce(end_reason_code, 'unknown') as end_reason_code,
        churned_date,
        {{ add_days('churned_date', -1) }} as last_date,
        -- Use before an earlier churn says nothing about this one; a trial belongs to the first.
        case when tenure_number = 1 then date '0001-01-01' else started_date end as used_from_date
    from {{ ref('fct_churn_events') }}
),

churned as (
    select
        churns.customer_id,
        churns.tenure_number,
        churns.end_reason_code,
        churns.used_from_date,
        churns.last_date,
        coalesce(segments.segment_code, 'unassigned') as segment_code,
        max(uses.usage_date) as last_use_date
    from churns
    inner join {{ ref('fct_customer_usage_daily') }} as uses
        on churns.customer_id = uses.customer_id
        and uses.usage_date >= churns.used_from_date
        and uses.usage_date < churns.churned_date
    left join {{ ref('dim_customer_segments') }} as segments
        on churns.customer_id = segments.customer_id
        and segments.scheme = 'usage'
        and segments.valid_from < churns.churned_date
        and coalesce(segments.valid_to, {{ end_of_time('timestamp') }}) >= churns.churned_date
    group by
        churns.customer_id,
        churns.tenure_number,
        churns.end_reason_code,
        churns.used_from_date,
        churns.last_date,
        coalesce(segments.segment_code, 'unassigned')
),

-- Churned customers are compared with customers, not with everybody who may use the product.
customers as (
    select
        periods.customer_id,
        periods.segment_code,
        run_context.as_of_date,
        {{ add_days('run_context.as_of_date', '-' ~ usage_current_days()) }} as used_after_date
    from {{ ref('customer_usage_periods') }} as periods
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on {{ holds_at('periods', 'run_context.as_of_date') }}
    inner join {{ ref('state_customer_usage') }} as uses
        on periods.customer_id = uses.customer_id
        and uses.last_use_date > {{ add_days('run_context.as_of_date', '-' ~ usage_current_days()) }}
    where periods.is_customer
),

-- Each churn counts under its reason and among all churns; tenure 0 is the present one of a customer.
units as (
    select
        customer_id,
        0 as tenure_number,
        segment_code,
        as_of_date as attributes_date,
        'customers' as group_code,
        1 as group_order
    from customers
    union all
    select
        customer_id,
        tenure_number,
        segment_code,
        last_date as attributes_date,
        'churned' as group_code,
        2 as group_order
    from churned
    union all
    select
        customer_id,
        tenure_number,
        segment_code,
        last_date as attributes_date,
        'churned_' || end_reason_code as group_code,
        3 as group_order
    from churned
),

used as (
    select
        customers.customer_id,
        0 as tenure_number,
        uses.component_code
    from customers
    inner join {{ ref('state_customer_component_usage') }} as uses
        on customers.customer_id = uses.customer_id
        and uses.last_use_date > customers.used_after_date
    union all
    select distinct
        churned.customer_id,
        churned.tenure_number,
        daily.component_code
    from churned
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('fct_component_usage_daily') }} as daily
        on churned.customer_id = daily.customer_id
        and daily.usage_date >= churned.used_from_date
        and daily.usage_date <= churned.last_use_date
        and {{ days_between('daily.usage_date', 'churned.last_use_date') }} < policy.churn_last_use_days
),

broken_down as (
    {{ breakdowns_with_attributes('units', {'segment': 'segment_code'}, 'attributes_date') }}
),

members as (
    select
        dimension_name,
        dimension_value,
        group_code,
        group_order,
        count(*) as members_count
    from broken_down
    group by dimension_name, dimension_value, group_code, group_order
),

users as (
    select
        units.dimension_name,
        units.dimension_value,
        units.group_code,
        used.component_code,
        count(*) as used_count
    from broken_down as units
    inner join used
        on units.customer_id = used.customer_id
        and units.tenure_number = used.tenure_number
    group by units.dimension_name, units.dimension_value, units.group_code, used.component_code
)

select
    components.component_code as subject_code,
    cast(null as {{ dbt.type_string() }}) as subject_label,
    components.component_code,
    members.dimension_name,
    members.dimension_value,
    members.group_code,
    members.group_order,
    'used' as outcome_code,
    policy.churn_last_use_days as horizon_days,
    members.members_count,
    0 as pending_count,
    0 as excluded_count,
    coalesce(users.used_count, 0) as outcome_num,
    members.members_count as outcome_den,
    cast(case when members.group_code <> 'customers' then 'customers' end as {{ dbt.type_string() }})
        as reference_group_code,
    cast(null as {{ type_double() }}) as median_days,
    true as is_complete,
    false as is_changed_again,
    cast(null as date) as started_date
from members
cross join {{ ref('dim_components') }} as components
cross join {{ ref('policy') }} as policy
left join users
    on members.dimension_name = users.dimension_name
    and members.dimension_value = users.dimension_value
    and members.group_code = users.group_code
    and components.component_code = users.component_code
