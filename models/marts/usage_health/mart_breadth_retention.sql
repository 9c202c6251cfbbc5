-- Customers of a day in the past, by how many components they used then, and who was still one a while later. The
-- day lies far enough back for every churn to be known.
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

counted as (
    select
        segment_code,
        components_used_count,
        snapshot_date,
        count(*) as retained_den,
        sum(is_retained) as retained_num
    from members
    group by segment_code, components_used_count, snapshot_date
)

select
    segment_code,
    cast(components_used_count as bigint) as components_used_count,
    cast(retained_num as bigint) as retained_num,
    cast(retained_den as bigint) as retained_den,
    {{ pct('retained_num', 'retained_den') }} as retained_pct,
    {{ wilson_pct('retained_num', 'retained_den', 'lo') }} as retained_ci_lo,
    {{ wilson_pct('retained_num', 'retained_den', 'hi') }} as retained_ci_hi,
    cast({{ pct('retained_num', 'retained_den') }} - lag({{ pct('retained_num', 'retained_den') }}) over (
        partition by segment_code order by components_used_count
    ) as double) as retained_change_pp,
    {{ is_reliable('retained_den') }} as is_reliable,
    true as is_confounded,
    snapshot_date
from counted
