with snapshots as (
    select month_start_date as snapshot_date from {{ ref('dim_dates') }}
    where month_start_date >= {{ observed_from('events') }}
    union
    select as_of_date as snapshot_date from {{ ref('run_context') }}
),

bands as (
    select 1 as band_number
    union all
    select 2
    union all
    select 3
    union all
    select 4
    union all
    select cast(null as integer)
),

spine as (
    select
        snapshots.snapshot_date,
        norms.segment_code,
        norms.recency_unit_days,
        norms.at_risk_band,
        bands.band_number
    from snapshots
    cross join {{ ref('dim_segment_policy') }} as norms
    cross join bands
),

members as (
    select
        snapshots.snapshot_date,
        periods.segment_code,
        norms.recency_unit_days,
        case
            when uses.first_use_date <= snapshots.snapshot_date
                -- Silences too short to be kept are within the first band.
                then coalesce({{ days_between('gaps.gap_from', 'snapshots.snapshot_date') }}, 0)
        end as silent_days
    from snapshots
    inner join {{ ref('int_customers__usage_periods') }} as periods
        on {{ holds_at('periods', 'snapshots.snapshot_date') }}
    inner join {{ ref('dim_segment_policy') }} as norms
        on periods.segment_code = norms.segment_code
    left join {{ ref('state_customer_usage') }} as uses
        on periods.customer_id = uses.customer_id
    left join {{ ref('state_usage_gaps') }} as gaps
        on periods.customer_id = gaps.customer_id
        and gaps.component_code = '*'
        and gaps.gap_from <= snapshots.snapshot_date
        and coalesce(gaps.gap_to, {{ open_end() }}) > snapshots.snapshot_date
),

counted as (
    select
        snapshot_date,
        segment_code,
        {{ recency_band_number('silent_days', 'recency_unit_days') }} as band_number,
        count(*) as customers_count
    from members
    group by snapshot_date, segment_code, {{ recency_band_number('silent_days', 'recency_unit_days') }}
),

filled as (
    select
        spine.*,
        coalesce(counted.customers_count, 0) as customers_num,
        coalesce(sum(counted.customers_count) over (partition by spine.snapshot_date, spine.segment_code), 0)
            as customers_den
    from spine
    left join counted
        on spine.snapshot_date = counted.snapshot_date
        and spine.segment_code = counted.segment_code
        and coalesce(spine.band_number, 0) = coalesce(counted.band_number, 0)
)

select
    segment_code,
    {{ recency_band('recency_unit_days', 'band_number') }} as recency_band,
    cast(band_number as integer) as recency_band_order,
    cast(customers_num as bigint) as customers_num,
    cast(customers_den as bigint) as customers_den,
    {{ pct('customers_num', 'customers_den') }} as customers_pct,
    coalesce(band_number >= at_risk_band, false) as is_risk_group,
    customers_den >= {{ threshold('min_reliable_count') }} as is_reliable,
    snapshot_date
from filled
