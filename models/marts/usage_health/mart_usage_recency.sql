with snapshots as (
    select month_start_date as snapshot_date from {{ ref('dim_dates') }}
    where month_start_date >= {{ observed_from('events') }}
    union
    select as_of_date as snapshot_date from {{ ref('run_context') }}
),

bands as (
    {%- for band_number in [1, 2, 3, 4] %}
    select
        {{ band_number }} as band_number,
        true as is_measured
    union all
    {%- endfor %}
    {%- for is_measured in ['true', 'false'] %}
    select
        cast(null as integer) as band_number,
        {{ is_measured }} as is_measured
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

spine as (
    select
        snapshots.snapshot_date,
        norms.segment_code,
        norms.recency_unit_days,
        norms.at_risk_band,
        bands.band_number,
        bands.is_measured
    from snapshots
    cross join {{ ref('dim_segment_policy') }} as norms
    cross join bands
),

members as (
    select
        snapshots.snapshot_date,
        periods.segment_code,
        norms.recency_unit_days,
        case when periods.is_customer then 1 else 0 end as is_customer,
        case when risks.customer_id is not null then 1 else 0 end as is_in_risk_group,
        coalesce(periods.observed_date <= snapshots.snapshot_date, false) as is_measured,
        case
            when uses.first_use_date <= snapshots.snapshot_date
                -- Silences too short to be kept are within the first band.
                then coalesce({{ days_between('gaps.gap_from', 'snapshots.snapshot_date') }}, 0)
        end as inactive_days
    from snapshots
    inner join {{ ref('customer_usage_periods') }} as periods
        on {{ holds_at('periods', 'snapshots.snapshot_date') }}
    inner join {{ ref('dim_segment_policy') }} as norms
        on periods.segment_code = norms.segment_code
    left join {{ ref('int_usage__risk_periods') }} as risks
        on periods.customer_id = risks.customer_id
        and {{ holds_at('risks', 'snapshots.snapshot_date') }}
    left join {{ ref('state_customer_usage') }} as uses
        on periods.customer_id = uses.customer_id
    left join {{ ref('state_usage_gaps') }} as gaps
        on periods.customer_id = gaps.customer_id
        and gaps.component_code = '*'
        and gaps.gap_from <= snapshots.snapshot_date
        and coalesce(gaps.gap_to, {{ end_of_time('date') }}) > snapshots.snapshot_date
),

counted as (
    select
        snapshot_date,
        segment_code,
        is_measured,
        case when is_measured then {{ recency_band_number('inactive_days', 'recency_unit_days') }} end as band_number,
        sum(is_customer) as customers_count,
        count(*) as access_count,
        sum(is_customer * is_in_risk_group) as customers_risk_group_count,
        sum(is_in_risk_group) as access_risk_group_count
    from members
    group by
        snapshot_date,
        segment_code,
        is_measured,
        case when is_measured then {{ recency_band_number('inactive_days', 'recency_unit_days') }} end
),

-- Customers whose use is not recorded have no share in a band; theirs is of all customers.
filled as (
    select
        spine.*,
        coalesce(counted.customers_risk_group_count, 0) as customers_risk_group_count,
        coalesce(counted.access_risk_group_count, 0) as access_risk_group_count,
        coalesce(counted.customers_count, 0) as customers_num,
        coalesce(counted.access_count, 0) as access_num,
        coalesce(sum(case when spine.is_measured then counted.customers_count end) over by_segment, 0)
        + coalesce(case when not spine.is_measured then counted.customers_count end, 0) as customers_den,
        coalesce(sum(case when spine.is_measured then counted.access_count end) over by_segment, 0)
        + coalesce(case when not spine.is_measured then counted.access_count end, 0) as access_den
    from spine
    left join counted
        on spine.snapshot_date = counted.snapshot_date
        and spine.segment_code = counted.segment_code
        and spine.is_measured = counted.is_measured
        and coalesce(spine.band_number, 0) = coalesce(counted.band_number, 0)
    window by_segment as (partition by spine.snapshot_date, spine.segment_code)
)

select
    segment_code,
    case when is_measured then {{ recency_band('recency_unit_days', 'band_number') }} else 'not_measured' end
        as recency_band,
    cast(band_number as integer) as recency_band_order,
    cast(customers_num as bigint) as customers_num,
    cast(customers_den as bigint) as customers_den,
    {{ pct('customers_num', 'customers_den') }} as customers_pct,
    cast(access_num as bigint) as access_num,
    cast(access_den as bigint) as access_den,
    {{ pct('access_num', 'access_den') }} as access_pct,
    cast(customers_risk_group_count as bigint) as customers_risk_group_count,
    cast(access_risk_group_count as bigint) as access_risk_group_count,
    is_measured and coalesce(band_number >= at_risk_band, true) as is_risk_group,
    {{ is_reliable('customers_den') }} as is_reliable,
    snapshot_date
from filled
