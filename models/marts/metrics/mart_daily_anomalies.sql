-- Each day against the same weekday of the weeks before (SVC-11). Holidays are neither compared nor compared with.
with peers as (
    select
        daily.series_code,
        daily.series_date,
        peers.observed_count
    from {{ ref('int_metrics__daily_series') }} as daily
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('int_metrics__daily_series') }} as peers
        on daily.series_code = peers.series_code
        and daily.weekday_number = peers.weekday_number
        and daily.series_date > peers.series_date
        and {{ add_days('daily.series_date', '-7 * policy.anomaly_weeks') }} <= peers.series_date
    where not peers.is_holiday
),

expected as (
    select
        series_code,
        series_date,
        count(*) as peers_count,
        min(observed_count) as least_count,
        percentile_cont(0.5) within group (order by observed_count) as expected_count
    from peers
    group by series_code, series_date
),

spreads as (
    select
        peers.series_code,
        peers.series_date,
        percentile_cont(0.5) within group (order by abs(peers.observed_count - expected.expected_count)) as mad_count
    from peers
    inner join expected
        on peers.series_code = expected.series_code
        and peers.series_date = expected.series_date
    group by peers.series_code, peers.series_date
),

-- Customers who sent any signal of late: a customer without one is not observed at all.
signals as (
    {%- for relation, day in [
        ('fct_customer_usage_daily', 'usage_date'), ('fct_inbound_answers', 'opened_date'),
        ('fct_survey_responses', 'response_date'),
    ] %}
    select signals.customer_id
    from {{ ref(relation) }} as signals
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on signals.{{ day }} <= run_context.as_of_date
        and signals.{{ day }} > {{ add_days('run_context.as_of_date', '-policy.sensor_coverage_days') }}
    {{ 'union' if not loop.last }}
    {%- endfor %}
),

coverage as (
    select
        run_context.as_of_date,
        count(signals.customer_id) as covered_num,
        count(*) as covered_den
    from {{ ref('run_context') }} as run_context
    inner join {{ ref('customer_status_periods') }} as status
        on status.has_access
        and {{ holds_at('status', 'run_context.as_of_date') }}
    left join signals
        on status.customer_id = signals.customer_id
    group by run_context.as_of_date
),

deviations as (
    select
        daily.series_code,
        daily.observed_count,
        expected.peers_count,
        expected.expected_count,
        daily.is_holiday,
        expected.least_count,
        coalesce(not daily.is_holiday and expected.peers_count >= policy.anomaly_min_weeks, false) as is_comparable,
        -- Eight days may lie close together by chance, so a count varies by its square root at least.
        1.0 * (daily.observed_count - expected.expected_count)
        / nullif(greatest(1.4826 * spreads.mad_count, sqrt(expected.expected_count)), 0) as robust_z,
        daily.series_date
    from {{ ref('int_metrics__daily_series') }} as daily
    cross join {{ ref('policy') }} as policy
    left join expected
        on daily.series_code = expected.series_code
        and daily.series_date = expected.series_date
    left join spreads
        on daily.series_code = spreads.series_code
        and daily.series_date = spreads.series_date
),

classified as (
    select
        deviations.*,
        -- A day of nothing, where every day before had much, is a missing delivery and no measurement.
        coalesce(
            deviations.is_comparable
            and deviations.observed_count = 0
            and deviations.least_count > 0
            and deviations.robust_z < -policy.anomaly_robust_z,
            false
        ) as is_data_incident
    from deviations
    cross join {{ ref('policy') }} as policy
),

compared as (
    select
        classified.*,
        case when classified.is_comparable and not classified.is_data_incident then classified.robust_z end
            as robust_z_score,
        policy.anomaly_robust_z
    from classified
    cross join {{ ref('policy') }} as policy
)

select
    compared.series_code,
    case
        when compared.robust_z_score > compared.anomaly_robust_z then 'above'
        when compared.robust_z_score < -compared.anomaly_robust_z then 'below'
    end as direction_code,
    cast(case when not compared.is_data_incident then compared.observed_count end as bigint) as observed_count,
    cast(compared.expected_count as {{ type_double() }}) as expected_avg,
    cast(coalesce(compared.peers_count, 0) as bigint) as compared_days_count,
    cast(compared.robust_z_score as {{ type_double() }}) as robust_z_score,
    cast(coverage.covered_num as bigint) as covered_num,
    cast(coverage.covered_den as bigint) as covered_den,
    {{ pct('coverage.covered_num', 'coverage.covered_den') }} as covered_pct,
    compared.is_holiday,
    compared.is_data_incident,
    abs(compared.robust_z_score) > compared.anomaly_robust_z as is_anomaly,
    compared.series_date
from compared
left join coverage
    on compared.series_date = coverage.as_of_date
