{{ config(materialized=inlined('view')) }}
-- Feedback that calls for action, as periods of days: low scores without a follow-up, open complaints, and bad scores
-- of a service, which make a customer disloyal for a while (CXI-19).
with run_context as (
    select * from {{ ref('run_context') }}
),

conditions as (
    select
        cases.customer_id,
        'low_score_open' as signal_code,
        cast(cases.metric_score as {{ type_double() }}) as observed_value,
        cast(cases.metric_score + 1 as {{ type_double() }}) as expected_value,
        case
            when cases.metric_code = 'nps' and cases.metric_score <= policy.signal_grave_nps_score
                then 'high'
            else 'medium'
        end as severity,
        'A low ' || upper(cases.metric_code) || ' score waits for somebody to find out why' as reason,
        {{ business_date('cases.begun_at') }} as valid_from,
        least(
            {{ business_date('cases.informed_at') }},
            {{ business_date('cases.resolved_at') }},
            {{ business_date('cases.contacted_at') }},
            case when cases.case_state = 'no_callback' then {{ business_date('cases.decided_at') }} end
        ) as valid_to
    from {{ ref('int_feedback__openings') }} as cases
    cross join {{ ref('policy') }} as policy
    where cases.source_kind = 'response'
        and cases.is_followup_required
        and cases.customer_id is not null
    union all
    select
        customer_id,
        'complaint_open' as signal_code,
        cast(null as {{ type_double() }}) as observed_value,
        cast(null as {{ type_double() }}) as expected_value,
        'high' as severity,
        'A complaint is open' as reason,
        opened_date as valid_from,
        {{ business_date('coalesce(resolved_at, closed_at)') }} as valid_to
    from {{ ref('fct_tickets') }}
    where is_complaint
    union all
    -- A bad service makes a customer disloyal, whatever they said before; a better answer to the same metric ends it.
    select
        scores.customer_id,
        'disloyal_after_service' as signal_code,
        cast(scores.metric_score as {{ type_double() }}) as observed_value,
        cast(routes.score_to + 1 as {{ type_double() }}) as expected_value,
        'medium' as severity,
        'A bad score after a service: the customer may be looking around' as reason,
        {{ business_date('scores.submitted_at') }} as valid_from,
        least(
            {{ add_days(
                business_date('scores.submitted_at'), 'policy.disloyal_signal_days'
            ) }},
            case when scores.next_score > routes.score_to then {{ business_date('scores.next_at') }} end
        ) as valid_to
    from {{ ref('int_feedback__scores') }} as scores
    inner join {{ ref('score_routes') }} as routes
        on scores.metric_code = routes.metric_code
        and scores.metric_score between routes.score_from and routes.score_to
        and routes.is_followup
    inner join {{ ref('dim_survey_metrics') }} as metrics
        on scores.metric_code = metrics.metric_code
        and metrics.headline_programme = 'transactional'
    cross join {{ ref('policy') }} as policy
    where scores.customer_id is not null
),

held as (
    select
        customer_id,
        signal_code,
        observed_value,
        expected_value,
        reason,
        valid_from,
        valid_to,
        {{ severity_rank('severity') }} as severity_rank
    from conditions
    -- A condition that begins and ends on one day is not true at the close of any day.
    where coalesce(valid_to, {{ end_of_time('date') }}) > valid_from
),

-- Several causes of one kind at one time are one condition: where they touch, they are joined.
merged as (
    {{ merged_periods('held', ['customer_id', 'signal_code'], {
        'observed_value': 'min(observed_value)',
        'expected_value': 'min(expected_value)',
        'severity_rank': 'max(severity_rank)',
        'reason': 'min(reason)',
    }) }}
)

select
    merged.customer_id,
    merged.signal_code,
    merged.observed_value,
    merged.expected_value,
    {{ ranked_severity('merged.severity_rank') }} as severity,
    merged.reason,
    cast(null as {{ dbt.type_string() }}) as suppressed_by,
    merged.valid_from,
    -- A day that is still to come is not an end: the condition holds as of the business day.
    case when merged.valid_to <= run_context.as_of_date then merged.valid_to end as valid_to
from merged
cross join run_context
