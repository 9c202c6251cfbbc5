-- The whole history of every signal as periods (USE-03 to USE-07, USE-17): conditions, split where a reason not to
-- raise them begins or ends: pauses, vacations, reviews, incidents, the customer's own rhythm, a history too short.
{% set keys = ['customer_id', 'signal_code', 'own_reason', 'since_date'] %}
with conditions as (
    select
        *,
        valid_from as since_date
    from {{ ref('int_usage__signal_conditions') }}
),

-- A signal whose window holds days on which customers could not work waits for as many days (USE-18).
interrupted as (
    select
        customer_id,
        signal_code,
        valid_from,
        incident_days
    from conditions
    where incident_days > 0
    union all
    select
        conditions.customer_id,
        conditions.signal_code,
        conditions.valid_from,
        cast(sum({{ days_between(
            'greatest(incidents.valid_from, ' ~ add_days('conditions.valid_from', '-conditions.window_days') ~ ')',
            'least(incidents.valid_to, conditions.valid_from)'
        ) }}) as integer) as incident_days
    from conditions
    inner join {{ ref('int_usage__incidents') }} as incidents
        on incidents.component_code = '*'
        and incidents.valid_from < conditions.valid_from
        and incidents.valid_to > {{ add_days('conditions.valid_from', '-conditions.window_days') }}
    where conditions.signal_code in ('decline', 'sharp_decline', 'dormant', 'low_start')
    group by conditions.customer_id, conditions.signal_code, conditions.valid_from
),

quiet as (
    select
        customer_id,
        quiet_reason,
        signal_code,
        valid_from,
        valid_to
    from {{ ref('signal_pause_periods') }}
    where valid_from <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
    union all
    -- Inactivity in everything already says what that in one component would.
    select
        customer_id,
        'dormant' as quiet_reason,
        'component_abandoned' as signal_code,
        valid_from,
        valid_to
    from conditions
    where signal_code = 'dormant'
    union all
    select
        customer_id,
        'incident' as quiet_reason,
        signal_code,
        valid_from,
        {{ add_days('valid_from', 'incident_days') }} as valid_to
    from interrupted
    union all
    select
        customer_id,
        'own_rhythm' as quiet_reason,
        'dormant' as signal_code,
        valid_from,
        unusual_from as valid_to
    from {{ ref('int_usage__signal_dormant') }}
    where valid_from < unusual_from
    union all
    select
        periods.customer_id,
        'too_new' as quiet_reason,
        '*fall' as signal_code,
        periods.valid_from,
        least(
            coalesce(periods.valid_to, {{ end_of_time('date') }}),
            {{ add_days('periods.comparable_date', 'norms.window_days + policy.usage_baseline_days - 1') }}
        ) as valid_to
    from {{ ref('customer_usage_periods') }} as periods
    inner join {{ ref('dim_segment_policy') }} as norms
        on periods.segment_code = norms.segment_code
    cross join {{ ref('policy') }} as policy
),

suppressions as (
    select
        conditions.customer_id,
        conditions.signal_code,
        conditions.own_reason,
        conditions.since_date,
        quiet.quiet_reason,
        greatest(quiet.valid_from, conditions.valid_from) as valid_from,
        least(quiet.valid_to, conditions.valid_to) as valid_to
    from conditions
    inner join quiet
        on conditions.customer_id = quiet.customer_id
        and quiet.valid_from < conditions.valid_to
        and quiet.valid_to > conditions.valid_from
        and quiet.valid_from < quiet.valid_to
        and (
            quiet.signal_code in ('*', conditions.signal_code)
            or (
                quiet.signal_code in ('*fall', 'usage_decline')
                and conditions.signal_code in ('decline', 'sharp_decline')
            )
        )
),

slices as (
    {{ split_periods(keys, [['conditions', ['since_date']], ['suppressions', ['valid_from', 'valid_to']]]) }}
),

-- Of several reasons the first in alphabetical order is shown.
suppressed as (
    select
        slices.customer_id,
        slices.signal_code,
        slices.own_reason,
        slices.since_date,
        slices.valid_from,
        min(suppressions.quiet_reason) as quiet_reason
    from slices
    inner join suppressions
        on slices.customer_id = suppressions.customer_id
        and slices.signal_code = suppressions.signal_code
        and slices.own_reason = suppressions.own_reason
        and slices.since_date = suppressions.since_date
        and slices.valid_from >= suppressions.valid_from
        and slices.valid_from < suppressions.valid_to
    group by slices.customer_id, slices.signal_code, slices.own_reason, slices.since_date, slices.valid_from
),

split as (
    select
        conditions.customer_id,
        conditions.signal_code,
        conditions.segment_code,
        conditions.observed_value,
        conditions.expected_value,
        conditions.window_days,
        conditions.peers_count,
        conditions.severity,
        conditions.reason,
        coalesce(
            case when conditions.own_reason <> '(none)' then conditions.own_reason end, suppressed.quiet_reason
        ) as suppressed_by,
        conditions.since_date,
        slices.valid_from,
        least(slices.valid_to, conditions.valid_to) as valid_to
    from conditions
    inner join slices
        on conditions.customer_id = slices.customer_id
        and conditions.signal_code = slices.signal_code
        and conditions.own_reason = slices.own_reason
        and conditions.since_date = slices.since_date
    left join suppressed
        on slices.customer_id = suppressed.customer_id
        and slices.signal_code = suppressed.signal_code
        and slices.own_reason = suppressed.own_reason
        and slices.since_date = suppressed.since_date
        and slices.valid_from = suppressed.valid_from
)

select
    split.customer_id,
    split.signal_code,
    split.segment_code,
    split.observed_value,
    split.expected_value,
    split.window_days,
    split.peers_count,
    split.severity,
    split.reason,
    split.suppressed_by,
    split.since_date,
    split.valid_from,
    case when split.valid_to <= run_context.as_of_date then split.valid_to end as valid_to
from split
cross join {{ ref('run_context') }} as run_context
where split.valid_from < split.valid_to
