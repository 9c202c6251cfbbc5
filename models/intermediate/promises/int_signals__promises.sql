{{ config(materialized=inlined('view')) }}
-- Promises and incidents that somebody has to act on, as periods of days: a promise without a term or a next step, one
-- that is due, one whose term has passed, and an incident that hit a customer whom nobody informed.
with promises as (
    select
        promises.*,
        {{ business_date('promises.term_at') }} as term_date,
        {{ business_date('least(promises.fulfilled_at, promises.cancelled_at)') }} as over_date
    from {{ ref('fct_promises') }} as promises
),

conditions as (
    select
        promises.customer_id,
        'promise_in_limbo' as signal_code,
        'medium' as severity,
        case
            when promises.term_date is null then 'Was promised something without a term'
            else 'Was promised something without a next step'
        end as reason,
        promises.made_date as valid_from,
        promises.over_date as valid_to
    from promises
    where promises.term_date is null
        or promises.next_step is null
    union all
    -- The last day on which it can be kept, and the days before it.
    select
        promises.customer_id,
        'promise_due' as signal_code,
        'medium' as severity,
        'The term of a promise is near' as reason,
        greatest(promises.made_date, {{ add_days('promises.term_date', '-policy.promise_notice_days') }}) as valid_from,
        least(promises.over_date, promises.term_date) as valid_to
    from promises
    cross join {{ ref('policy') }} as policy
    where promises.term_date is not null
    union all
    select
        promises.customer_id,
        'promise_overdue' as signal_code,
        'high' as severity,
        'The term of a promise has passed' as reason,
        promises.term_date as valid_from,
        least(promises.over_date, {{ add_days('promises.term_date', 'policy.promise_stale_days') }}) as valid_to
    from promises
    cross join {{ ref('policy') }} as policy
    where promises.term_date is not null
    union all
    -- Once it is over the customer still has to hear of it, but not for ever.
    select
        hits.customer_id,
        'incident_unnotified' as signal_code,
        'high' as severity,
        'Was hit by an incident and was not informed' as reason,
        hits.hit_date as valid_from,
        least(
            hits.notified_date,
            case
                when hits.resolved_date is not null
                    then {{ add_days('greatest(hits.resolved_date, hits.hit_date)', 'policy.signal_action_days') }}
            end
        ) as valid_to
    from {{ ref('fct_incident_customers') }} as hits
    cross join {{ ref('policy') }} as policy
    where hits.hit_date is not null
),

held as (
    select
        conditions.customer_id,
        conditions.signal_code,
        conditions.reason,
        conditions.valid_from,
        conditions.valid_to,
        {{ severity_rank('conditions.severity') }} as severity_rank
    from conditions
    inner join {{ ref('run_context') }} as run_context
        on conditions.valid_from <= run_context.as_of_date
    -- A condition that begins and ends on one day is not true at the close of any day.
    where coalesce(conditions.valid_to, {{ end_of_time('date') }}) > conditions.valid_from
),

merged as (
    {{ merged_periods('held', ['customer_id', 'signal_code'], {
        'severity_rank': 'max(severity_rank)',
        'reason': 'min(reason)',
    }) }}
)

select
    merged.customer_id,
    merged.signal_code,
    cast(null as {{ type_double() }}) as observed_value,
    cast(null as {{ type_double() }}) as expected_value,
    {{ ranked_severity('merged.severity_rank') }} as severity,
    merged.reason,
    cast(null as {{ dbt.type_string() }}) as suppressed_by,
    merged.valid_from,
    -- A day that is still to come is not an end: the condition holds as of the business day.
    case when merged.valid_to <= run_context.as_of_date then merged.valid_to end as valid_to
from merged
cross join {{ ref('run_context') }} as run_context
