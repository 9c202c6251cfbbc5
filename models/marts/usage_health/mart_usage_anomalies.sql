with latest as (
    select max(week_end_date) as week_end_date
    from {{ ref('int_usage__weekly') }}
),

seats as (
    select
        plan_code,
        max(seats) as seats_count
    from {{ ref('plan_components') }}
    group by plan_code
),

since as (
    select
        anomalies.customer_id,
        anomalies.anomaly_code,
        min(anomalies.week_end_date) as first_seen_date,
        count(*) as weeks_count
    from {{ ref('int_usage__anomalies') }} as anomalies
    group by anomalies.customer_id, anomalies.anomaly_code
)

select
    anomalies.customer_id,
    anomalies.anomaly_code,
    anomalies.title,
    anomalies.segment_code,
    status.status as customer_status,
    case
        when verdicts.verdict in ('legitimate', 'abuse') then verdicts.verdict
        else 'to_verify'
    end as verified_status,
    anomalies.observed_value,
    anomalies.median_value as segment_median_avg,
    anomalies.p99_value as segment_p99_avg,
    anomalies.robust_z as robust_z_score,
    anomalies.peers_count,
    cast(seats.seats_count as bigint) as seats_count,
    since.weeks_count,
    coalesce(anomalies.measure = 'devices' and anomalies.observed_value > seats.seats_count, false)
        as is_beyond_seats,
    status.is_paying,
    since.first_seen_date,
    verdicts.reviewed_date
from {{ ref('int_usage__anomalies') }} as anomalies
inner join latest
    on anomalies.week_end_date = latest.week_end_date
inner join since
    on anomalies.customer_id = since.customer_id
    and anomalies.anomaly_code = since.anomaly_code
left join seats
    on anomalies.plan_code = seats.plan_code
left join {{ ref('dim_customer_usage_reviews') }} as verdicts
    on anomalies.customer_id = verdicts.customer_id
    and anomalies.anomaly_code = verdicts.anomaly_code
cross join {{ ref('run_context') }} as run_context
{{ attributes_as_of('anomalies', 'run_context.as_of_date', ['status']) }}
