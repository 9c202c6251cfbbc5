-- Use that is far above that of the segment on a Sunday (USE-06): robust z, or beyond the 99th percentile where the
-- spread is zero. Percentiles come from histograms: a customer x week is looked at once, not sorted.
with measures as (
    {% for measure, column in {
        'events': 'current_events_count', 'devices': 'device_tenths_per_day_count', 'exports': 'current_exports_count',
    }.items() %}
    select
        '{{ measure }}' as measure,
        segment_code,
        week_end_date,
        {{ column }} as observed,
        count(*) as customers_count
    from {{ ref('int_usage__weekly') }}
    where has_history
        and current_use_days_count > 0
    group by segment_code, week_end_date, {{ column }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

ranked as (
    select
        *,
        sum(customers_count) over (partition by measure, segment_code, week_end_date) as peers_count,
        sum(customers_count) over (
            partition by measure, segment_code, week_end_date order by observed
            rows between unbounded preceding and current row
        ) as so_far_count
    from measures
),

medians as (
    select
        measure,
        segment_code,
        week_end_date,
        max(peers_count) as peers_count,
        min(case when 2 * so_far_count >= peers_count then observed end) as median_value,
        min(case when 100 * so_far_count >= 99 * peers_count then observed end) as p99_value
    from ranked
    group by measure, segment_code, week_end_date
),

deviations as (
    select
        ranked.measure,
        ranked.segment_code,
        ranked.week_end_date,
        abs(ranked.observed - medians.median_value) as deviation,
        max(ranked.peers_count) as peers_count,
        sum(sum(ranked.customers_count)) over (
            partition by ranked.measure, ranked.segment_code, ranked.week_end_date
            order by abs(ranked.observed - medians.median_value)
            rows between unbounded preceding and current row
        ) as so_far_count
    from ranked
    inner join medians
        on ranked.measure = medians.measure
        and ranked.segment_code = medians.segment_code
        and ranked.week_end_date = medians.week_end_date
    group by
        ranked.measure,
        ranked.segment_code,
        ranked.week_end_date,
        abs(ranked.observed - medians.median_value)
),

spreads as (
    select
        measure,
        segment_code,
        week_end_date,
        min(case when 2 * so_far_count >= peers_count then deviation end) as mad_value
    from deviations
    group by measure, segment_code, week_end_date
),

limits as (
    select
        anomalies.anomaly_code,
        anomalies.title,
        anomalies.measure,
        medians.segment_code,
        medians.week_end_date,
        medians.peers_count,
        medians.median_value,
        medians.p99_value,
        spreads.mad_value,
        -- Devices are kept in tenths.
        case when anomalies.measure = 'devices' then 10 else 1 end as unit,
        anomalies.min_observed * case when anomalies.measure = 'devices' then 10 else 1 end as min_value
    from {{ ref('usage_anomalies') }} as anomalies
    inner join medians
        on anomalies.measure = medians.measure
    inner join spreads
        on medians.measure = spreads.measure
        and medians.segment_code = spreads.segment_code
        and medians.week_end_date = spreads.week_end_date
),

compared as (
    select
        weekly.customer_id,
        weekly.segment_code,
        weekly.plan_code,
        limits.anomaly_code,
        limits.title,
        limits.peers_count,
        limits.median_value,
        limits.p99_value,
        limits.mad_value,
        limits.unit,
        limits.min_value,
        limits.measure,
        case limits.measure
            when 'events' then weekly.current_events_count
            when 'devices' then weekly.device_tenths_per_day_count
            else weekly.current_exports_count
        end as observed,
        weekly.week_end_date
    from {{ ref('int_usage__weekly') }} as weekly
    inner join limits
        on weekly.segment_code = limits.segment_code
        and weekly.week_end_date = limits.week_end_date
    where weekly.current_use_days_count > 0
        and weekly.has_history
)

select
    compared.customer_id,
    compared.segment_code,
    compared.plan_code,
    compared.anomaly_code,
    compared.measure,
    compared.title,
    cast(compared.peers_count as bigint) as peers_count,
    cast(1.0 * compared.observed / compared.unit as {{ type_double() }}) as observed_value,
    cast(1.0 * compared.median_value / compared.unit as {{ type_double() }}) as median_value,
    cast(1.0 * compared.p99_value / compared.unit as {{ type_double() }}) as p99_value,
    cast(0.6745 * (compared.observed - compared.median_value) / nullif(compared.mad_value, 0) as {{ type_double() }})
        as robust_z,
    compared.week_end_date
from compared
cross join {{ ref('policy') }} as policy
where compared.observed >= compared.min_value
    and compared.observed > compared.median_value
    and case
        when compared.mad_value > 0
            then 0.6745 * (compared.observed - compared.median_value) > policy.usage_outlier_z * compared.mad_value
        else compared.observed > compared.p99_value
    end
