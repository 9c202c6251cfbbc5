with responses as (
    select
        {{ period_start('month', 'response_date') }} as feedback_month,
        response_date,
        response_id,
        customer_id,
        synced_at,
        {{ elapsed_seconds('submitted_at', 'synced_at') }} as sync_seconds
    from {{ ref('fct_survey_responses') }}
    where submitted_at is not null
),

days as (
    select
        feedback_month,
        response_date,
        lag(response_date) over (order by response_date) as previous_date
    from responses
    group by feedback_month, response_date
),

day_counts as (
    select
        feedback_month,
        count(*) as response_days_count,
        max({{ days_between('previous_date', 'response_date') }}) as longest_gap_days
    from days
    group by feedback_month
),

-- Read from the cells of the indices, so that the company has one NPS. Anonymous answers count as responses only.
scores as (
    select
        period_start_date as feedback_month,
        respondents_count as nps_answers_count,
        top_count as promoters_count,
        bottom_count as detractors_count,
        index_points as nps_points
    from {{ ref('int_cx__cells') }}
    where metric_code = 'nps'
        and is_headline
        and period_kind = 'month'
        and dimension_name = 'all'
),

response_counts as (
    select
        feedback_month,
        count(*) as responses_count,
        count(synced_at) as synced_count,
        count(customer_id) as matched_count,
        percentile_cont(0.5) within group (order by sync_seconds) as median_sync_seconds
    from responses
    group by feedback_month
),

invitations as (
    select
        {{ period_start('month', 'sent_date') }} as feedback_month,
        count(*) as invitations_count,
        count(case when trigger_type = 'tenure' then 1 end) as tenure_count,
        count(case when trigger_type = 'event' then 1 end) as event_count,
        count(case when trigger_type = 'service' then 1 end) as service_count,
        count(case when trigger_type = 'campaign' then 1 end) as campaign_count
    from {{ ref('fct_survey_invitation_outcomes') }}
    group by {{ period_start('month', 'sent_date') }}
),

routing as (
    select
        {{ period_start('month', 'opened_date') }} as feedback_month,
        count(case when is_routed_right then 1 end) as routed_right_count,
        count(is_routed_right) as routed_count
    from {{ ref('int_feedback__next_tickets') }}
    group by {{ period_start('month', 'opened_date') }}
),

bounds as (
    select
        sources.observed_from as first_date,
        {{ period_start('month', 'sources.observed_from') }} as first_month
    from {{ ref('dim_observation_starts') }} as sources
    where sources.source_code = 'surveys'
),

months as (
    select distinct dates.month_start_date as feedback_month
    from {{ ref('dim_dates') }} as dates
    inner join bounds
        on dates.month_start_date >= bounds.first_month
),

joined as (
    select
        months.feedback_month,
        -- The month in which collection began and the running month are too short to compare.
        months.feedback_month >= bounds.first_date
        and {{ is_over('month', 'months.feedback_month') }} as is_full_month,
        coalesce(response_counts.responses_count, 0) as responses_count,
        coalesce(day_counts.response_days_count, 0) as response_days_count,
        coalesce(response_counts.synced_count, 0) as synced_count,
        coalesce(response_counts.matched_count, 0) as matched_count,
        response_counts.median_sync_seconds,
        day_counts.longest_gap_days,
        coalesce(scores.nps_answers_count, 0) as nps_answers_count,
        coalesce(scores.promoters_count, 0) as promoters_count,
        coalesce(scores.detractors_count, 0) as detractors_count,
        scores.nps_points,
        coalesce(invitations.invitations_count, 0) as invitations_count,
        coalesce(invitations.tenure_count, 0) as tenure_count,
        coalesce(invitations.event_count, 0) as event_count,
        coalesce(invitations.service_count, 0) as service_count,
        coalesce(invitations.campaign_count, 0) as campaign_count,
        coalesce(routing.routed_right_count, 0) as routed_right_count,
        coalesce(routing.routed_count, 0) as routed_count
    from months
    cross join bounds
    cross join {{ ref('run_context') }} as run_context
    left join response_counts
        on months.feedback_month = response_counts.feedback_month
    left join day_counts
        on months.feedback_month = day_counts.feedback_month
    left join scores
        on months.feedback_month = scores.feedback_month
    left join invitations
        on months.feedback_month = invitations.feedback_month
    left join routing
        on months.feedback_month = routing.feedback_month
),

compared as (
    select
        joined.*,
        joined.tenure_count + joined.event_count + joined.service_count as triggered_count,
        policy.voc_month_responses_count as expected_count,
        sum(case when joined.is_full_month then 1 else 0 end) over (
            order by joined.feedback_month rows between unbounded preceding and current row
        ) as full_months_count,
        avg(case when joined.is_full_month then joined.responses_count end) over (
            order by joined.feedback_month rows between 3 preceding and 1 preceding
        ) as usual_responses_avg
    from joined
    cross join {{ ref('policy') }} as policy
)

select
    cast(compared.invitations_count as bigint) as invitations_count,
    cast(compared.tenure_count as bigint) as tenure_count,
    cast(compared.event_count as bigint) as event_count,
    cast(compared.service_count as bigint) as service_count,
    cast(compared.campaign_count as bigint) as campaign_count,
    cast(compared.responses_count as bigint) as responses_count,
    cast(compared.response_days_count as bigint) as response_days_count,
    cast(compared.triggered_count as bigint) as triggered_num,
    cast(compared.invitations_count as bigint) as triggered_den,
    {{ pct('compared.triggered_count', 'compared.invitations_count') }} as triggered_pct,
    cast(compared.synced_count as bigint) as synced_num,
    cast(compared.responses_count as bigint) as synced_den,
    {{ pct('compared.synced_count', 'compared.responses_count') }} as synced_pct,
    cast(compared.matched_count as bigint) as matched_num,
    cast(compared.responses_count as bigint) as matched_den,
    {{ pct('compared.matched_count', 'compared.responses_count') }} as matched_pct,
    cast(compared.median_sync_seconds as {{ type_double() }}) as median_sync_seconds,
    cast(compared.longest_gap_days as bigint) as longest_gap_days,
    cast(compared.expected_count as bigint) as expected_responses_count,
    {{ pct('(compared.responses_count - compared.expected_count)', 'compared.expected_count') }} as deviation_pct,
    cast(compared.usual_responses_avg as {{ type_double() }}) as usual_responses_avg,
    cast(compared.nps_answers_count as bigint) as nps_answers_count,
    cast(compared.promoters_count as bigint) as promoters_count,
    cast(compared.detractors_count as bigint) as detractors_count,
    cast(compared.nps_points as {{ type_double() }}) as nps_points,
    cast(compared.full_months_count as bigint) as full_months_count,
    cast(compared.routed_right_count as bigint) as routed_right_num,
    cast(compared.routed_count as bigint) as routed_right_den,
    {{ pct('compared.routed_right_count', 'compared.routed_count') }} as routed_right_pct,
    readiness.blocking_area_code,
    cast(coalesce(readiness.negative_count, 0) as bigint) as product_negative_num,
    cast(coalesce(readiness.product_comments_count, 0) as bigint) as product_negative_den,
    {{ pct('readiness.negative_count', 'readiness.product_comments_count') }} as product_negative_pct,
    cast(coalesce(readiness.incident_days_count, 0) as bigint) as incident_days_count,
    readiness.is_product_ready,
    readiness.is_service_ready,
    readiness.is_cx_ready,
    compared.nps_points >= policy.voc_nps_from_points
    and compared.nps_points <= policy.voc_nps_to_points as is_in_corridor,
    compared.full_months_count >= policy.voc_history_months as has_enough_history,
    case
        when compared.is_full_month then 100.0 * compared.responses_count < policy.voc_drop_pct
            * coalesce(compared.usual_responses_avg, compared.expected_count)
    end as is_volume_low,
    compared.is_full_month as is_complete,
    compared.nps_answers_count >= policy.min_reliable_count as is_reliable,
    compared.feedback_month
from compared
cross join {{ ref('policy') }} as policy
left join {{ ref('int_feedback__readiness') }} as readiness
    on compared.feedback_month = readiness.readiness_month
