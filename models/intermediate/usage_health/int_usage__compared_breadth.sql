{{ config(materialized=inlined()) }}
-- USE-15: customers of a Sunday in the past by how many components they used then, and who was still a customer a while
-- later. The Sunday is long enough ago for every churn to be known.
with snapshots as (
    select max(weekly.week_end_date) as snapshot_date
    from {{ ref('int_usage__weekly') }} as weekly
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on weekly.week_end_date <= {{ add_days(
            'run_context.as_of_date',
            '-policy.breadth_retention_days - policy.churn_grace_days'
        ) }}
),

members as (
    select
        weekly.customer_id,
        weekly.segment_code,
        weekly.current_components_count as components_used_count,
        weekly.week_end_date as snapshot_date,
        case when later.is_customer then 1 else 0 end as is_retained
    from {{ ref('int_usage__weekly') }} as weekly
    cross join {{ ref('policy') }} as policy
    inner join snapshots
        on weekly.week_end_date = snapshots.snapshot_date
    inner join {{ ref('customer_status_periods') }} as earlier
        on weekly.customer_id = earlier.customer_id
        and {{ holds_at('earlier', 'weekly.week_end_date') }}
        and earlier.is_customer
    inner join {{ ref('customer_status_periods') }} as later
        on weekly.customer_id = later.customer_id
        and {{ holds_at('later', add_days(
            'weekly.week_end_date', 'policy.breadth_retention_days'
        )) }}
    where weekly.has_history
),

attributed as (
    {{ with_attributes('members', 'snapshot_date') }}
),

-- Segments have different components, so no row covers everybody.
counted as (
    select
        coalesce(attribute_name, 'segment') as dimension_name,
        coalesce(attribute_value, segment_code) as dimension_value,
        components_used_count,
        snapshot_date,
        count(*) as retained_den,
        sum(is_retained) as retained_num
    from attributed
    group by
        coalesce(attribute_name, 'segment'),
        coalesce(attribute_value, segment_code),
        components_used_count,
        snapshot_date
)

select
    'component_breadth' as subject_code,
    cast(null as {{ dbt.type_string() }}) as subject_label,
    cast(null as {{ dbt.type_string() }}) as component_code,
    counted.dimension_name,
    counted.dimension_value,
    cast(counted.components_used_count as {{ dbt.type_string() }}) as group_code,
    counted.components_used_count as group_order,
    'retained' as outcome_code,
    policy.breadth_retention_days as horizon_days,
    counted.retained_den as members_count,
    0 as pending_count,
    0 as excluded_count,
    counted.retained_num as outcome_num,
    counted.retained_den as outcome_den,
    -- Compared with the next smaller breadth.
    cast(lag(counted.components_used_count) over (
        partition by counted.dimension_name, counted.dimension_value order by counted.components_used_count
    ) as {{ dbt.type_string() }}) as reference_group_code,
    cast(null as {{ type_double() }}) as median_days,
    true as is_complete,
    false as is_changed_again,
    counted.snapshot_date as started_date
from counted
cross join {{ ref('policy') }} as policy
