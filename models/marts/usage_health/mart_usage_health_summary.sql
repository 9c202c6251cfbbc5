{% set statuses = [
    'stopped', 'at_risk', 'to_verify', 'watch', 'excused', 'new', 'insufficient_history', 'healthy', 'not_measured'
] -%}
with snapshots as (
    select month_start_date as snapshot_date from {{ ref('dim_dates') }}
    where month_start_date >= {{ observed_from('events') }}
    union
    select as_of_date as snapshot_date from {{ ref('run_context') }}
),

statuses as (
    {% for status in statuses %}
    select '{{ status }}' as health_status {{ 'union all' if not loop.last }}
    {% endfor %}
),

spine as (
    select
        snapshots.snapshot_date,
        norms.segment_code,
        statuses.health_status
    from snapshots
    cross join {{ ref('dim_segment_policy') }} as norms
    cross join statuses
),

members as (
    select
        snapshots.snapshot_date,
        periods.customer_id,
        periods.segment_code,
        case when periods.is_customer then 1 else 0 end as is_customer
    from snapshots
    inner join {{ ref('customer_usage_periods') }} as periods
        on {{ holds_at('periods', 'snapshots.snapshot_date') }}
),

counted as (
    select
        members.snapshot_date,
        members.segment_code,
        status.health_status,
        sum(members.is_customer) as customers_count,
        count(*) as access_count
    from members
    inner join {{ ref('int_usage__status_periods') }} as status
        on members.customer_id = status.customer_id
        and {{ holds_at('status', 'members.snapshot_date') }}
    group by members.snapshot_date, members.segment_code, status.health_status
),

filled as (
    select
        spine.snapshot_date,
        spine.segment_code,
        spine.health_status,
        coalesce(counted.customers_count, 0) as customers_num,
        coalesce(counted.access_count, 0) as access_num
    from spine
    left join counted
        on spine.snapshot_date = counted.snapshot_date
        and spine.segment_code = counted.segment_code
        and spine.health_status = counted.health_status
),

-- Customers whose use is not recorded have no share in a status; theirs is of all customers.
based as (
    select
        *,
        sum(case when health_status <> 'not_measured' then customers_num else 0 end) over by_segment
        + case when health_status = 'not_measured' then customers_num else 0 end as customers_den,
        sum(case when health_status <> 'not_measured' then access_num else 0 end) over by_segment
        + case when health_status = 'not_measured' then access_num else 0 end as access_den
    from filled
    window by_segment as (partition by snapshot_date, segment_code)
)

select
    segment_code,
    health_status,
    cast(customers_num as bigint) as customers_num,
    cast(customers_den as bigint) as customers_den,
    {{ pct('customers_num', 'customers_den') }} as customers_pct,
    cast(access_num as bigint) as access_num,
    cast(access_den as bigint) as access_den,
    {{ pct('access_num', 'access_den') }} as access_pct,
    {{ is_reliable('customers_den') }} as is_reliable,
    snapshot_date
from based
