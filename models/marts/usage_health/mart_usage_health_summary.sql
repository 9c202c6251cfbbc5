{% set statuses = [
    'stopped', 'at_risk', 'to_verify', 'watch', 'excused', 'new', 'insufficient_history', 'healthy', 'not_measured'
] -%}
with snapshots as (
    select month_start_date as snapshot_date from {{ ref('dim_dates') }}
    where month_start_date >= {{ observed_from('events') }}
    union
    select as_of_date as snapshot_date from {{ ref('run_context') }}
),

bands as (
    {% for band_number in [1, 2, 3, 4, 'null'] %}
    select cast({{ band_number }} as integer) as band_number {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Every value has a row, also with nobody in it.
value_list as (
    {% for status in statuses %}
    select
        segment_code,
        'health_status' as dimension_name,
        '{{ status }}' as dimension_value,
        {{ loop.index }} as value_order,
        cast(null as boolean) as is_risk_group
    from {{ ref('dim_segment_policy') }}
    union all
    {% endfor %}
    select
        norms.segment_code,
        'recency_band' as dimension_name,
        {{ recency_band('norms.recency_unit_days', 'bands.band_number') }} as dimension_value,
        bands.band_number as value_order,
        coalesce(bands.band_number >= norms.at_risk_band, true) as is_risk_group
    from {{ ref('dim_segment_policy') }} as norms
    cross join bands
    union all
    select
        segment_code,
        'recency_band' as dimension_name,
        'not_measured' as dimension_value,
        cast(null as integer) as value_order,
        false as is_risk_group
    from {{ ref('dim_segment_policy') }}
),

inactivity as (
    select
        snapshots.snapshot_date,
        periods.customer_id,
        periods.segment_code,
        norms.recency_unit_days,
        periods.is_customer,
        coalesce(periods.observed_date <= snapshots.snapshot_date, false) as is_measured,
        case
            when uses.first_use_date <= snapshots.snapshot_date
                -- Gaps that are too short to be kept are within the first band.
                then coalesce({{ days_between('gaps.gap_from', 'snapshots.snapshot_date') }}, 0)
        end as inactive_days
    from snapshots
    inner join {{ ref('customer_usage_periods') }} as periods
        on {{ holds_at('periods', 'snapshots.snapshot_date') }}
    inner join {{ ref('dim_segment_policy') }} as norms
        on periods.segment_code = norms.segment_code
    left join {{ ref('state_customer_usage') }} as uses
        on periods.customer_id = uses.customer_id
    left join {{ ref('state_usage_gaps') }} as gaps
        on periods.customer_id = gaps.customer_id
        and gaps.component_code = '*'
        and gaps.gap_from <= snapshots.snapshot_date
        and coalesce(gaps.gap_to, {{ end_of_time('date') }}) > snapshots.snapshot_date
),

members as (
    select
        inactivity.snapshot_date,
        inactivity.segment_code,
        case when inactivity.is_customer then 1 else 0 end as is_customer,
        case when risks.customer_id is not null then 1 else 0 end as is_in_risk_group,
        status.health_status,
        case
            when not inactivity.is_measured then 'not_measured'
            else {{ recency_band(
                'inactivity.recency_unit_days',
                '(' ~ recency_band_number('inactivity.inactive_days', 'inactivity.recency_unit_days') ~ ')'
            ) }}
        end as recency_band
    from inactivity
    inner join {{ ref('int_usage__status_periods') }} as status
        on inactivity.customer_id = status.customer_id
        and {{ holds_at('status', 'inactivity.snapshot_date') }}
    left join {{ ref('int_usage__risk_periods') }} as risks
        on inactivity.customer_id = risks.customer_id
        and {{ holds_at('risks', 'inactivity.snapshot_date') }}
),

counted as (
    {% for dimension in ['health_status', 'recency_band'] %}
    select
        snapshot_date,
        segment_code,
        '{{ dimension }}' as dimension_name,
        {{ dimension }} as dimension_value,
        sum(is_customer) as customers_count,
        count(*) as access_count,
        sum(is_customer * is_in_risk_group) as customers_risk_group_count,
        sum(is_in_risk_group) as access_risk_group_count
    from members
    group by snapshot_date, segment_code, {{ dimension }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

filled as (
    select
        value_list.*,
        snapshots.snapshot_date,
        value_list.dimension_value <> 'not_measured' as is_measured,
        coalesce(counted.customers_count, 0) as customers_count,
        coalesce(counted.access_count, 0) as access_count,
        coalesce(counted.customers_risk_group_count, 0) as customers_risk_group_count,
        coalesce(counted.access_risk_group_count, 0) as access_risk_group_count
    from value_list
    cross join snapshots
    left join counted
        on value_list.segment_code = counted.segment_code
        and value_list.dimension_name = counted.dimension_name
        and value_list.dimension_value = counted.dimension_value
        and snapshots.snapshot_date = counted.snapshot_date
),

-- Customers whose use is not recorded have no share in a value; their own share is of all customers.
based as (
    select
        *,
        sum(case when is_measured then customers_count else 0 end) over by_segment
        + case when is_measured then 0 else customers_count end as customers_base_count,
        sum(case when is_measured then access_count else 0 end) over by_segment
        + case when is_measured then 0 else access_count end as access_base_count
    from filled
    window by_segment as (partition by snapshot_date, segment_code, dimension_name)
)

select
    segment_code,
    dimension_name,
    dimension_value,
    cast(value_order as integer) as value_order,
    cast(customers_count as bigint) as customers_num,
    cast(customers_base_count as bigint) as customers_den,
    {{ pct('customers_count', 'customers_base_count') }} as customers_pct,
    cast(access_count as bigint) as access_num,
    cast(access_base_count as bigint) as access_den,
    {{ pct('access_count', 'access_base_count') }} as access_pct,
    cast(customers_risk_group_count as bigint) as customers_risk_group_count,
    cast(access_risk_group_count as bigint) as access_risk_group_count,
    is_risk_group,
    {{ is_reliable('customers_base_count') }} as is_reliable,
    snapshot_date
from based
