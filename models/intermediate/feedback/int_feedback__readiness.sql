{{ config(materialized=inlined('view')) }}
-- Product, then service, then experience (CXI-20): whether the first two are good enough in a month.
with comments as (
    select
        {{ period_start('month', 'signals.occurred_date') }} as readiness_month,
        count(*) as product_comments_count,
        count(case when signals.sentiment < 0 then 1 end) as negative_count
    from {{ ref('fct_feedback_signals') }} as signals
    inner join {{ ref('dim_components') }} as components
        on signals.topic_code = components.component_code
    where signals.sentiment is not null
    group by {{ period_start('month', 'signals.occurred_date') }}
),

incident_days as (
    select
        dates.month_start_date as readiness_month,
        count(distinct dates.date_day) as incident_days_count
    from {{ ref('dim_dates') }} as dates
    inner join {{ ref('dim_changes') }} as changes
        on dates.date_day >= changes.effective_date
        and dates.date_day < changes.over_date
    where changes.is_incident
    group by dates.month_start_date
),

requests as (
    select
        {{ period_start('month', 'answers.opened_date') }} as readiness_month,
        count(*) as due_count,
        count(case when answers.answered_at <= answers.answer_due_at then 1 end) as answered_count
    from {{ ref('fct_inbound_answers') }} as answers
    inner join {{ ref('run_context') }} as run_context
        on answers.answer_due_at < run_context.as_of_end_at
    group by {{ period_start('month', 'answers.opened_date') }}
),

-- The index of satisfaction with a service in the three months up to this one: a month alone has few answers.
satisfaction as (
    select
        {{ add_months('cells.period_end_date', -1) }} as readiness_month,
        cells.index_points as csi_points,
        targets.target_value as csi_target_points,
        cells.respondents_count
    from {{ ref('int_cx__cells') }} as cells
    inner join {{ ref('metric_targets') }} as targets
        on cells.metric_code = targets.metric_code
        and targets.segment_code = '*'
        and {{ holds_at('targets', add_days('cells.period_end_date', -1)) }}
    where cells.metric_code = 'csi'
        and cells.is_headline
        and cells.period_kind = 'rolling_3m'
        and cells.dimension_name = 'all'
),

months as (
    select distinct month_start_date as readiness_month
    from {{ ref('dim_dates') }}
),

-- What has too few comments, answers or requests is not known, and can neither block nor release.
measured as (
    select
        months.readiness_month,
        comments.negative_count,
        comments.product_comments_count,
        coalesce(incident_days.incident_days_count, 0) as incident_days_count,
        requests.answered_count,
        requests.due_count,
        satisfaction.csi_points,
        satisfaction.csi_target_points,
        coalesce(incident_days.incident_days_count, 0) <= policy.readiness_incident_days
        and case
            when comments.product_comments_count >= policy.min_reliable_count
                then 100.0 * comments.negative_count
                    <= policy.readiness_negative_pct * comments.product_comments_count
        end as is_product_ready,
        case
            when satisfaction.respondents_count >= policy.min_reliable_count
                then satisfaction.csi_points >= satisfaction.csi_target_points
        end
        and case
            when requests.due_count >= policy.min_reliable_count
                then 100.0 * requests.answered_count >= policy.readiness_answered_pct * requests.due_count
        end as is_service_ready
    from months
    cross join {{ ref('policy') }} as policy
    left join comments
        on months.readiness_month = comments.readiness_month
    left join incident_days
        on months.readiness_month = incident_days.readiness_month
    left join requests
        on months.readiness_month = requests.readiness_month
    left join satisfaction
        on months.readiness_month = satisfaction.readiness_month
)

select
    measured.*,
    measured.is_product_ready and measured.is_service_ready as is_cx_ready,
    case
        when not measured.is_product_ready then 'product'
        when measured.is_product_ready and not measured.is_service_ready then 'service'
    end as blocking_area_code
from measured
