{{ config(materialized='ephemeral') }}
-- Days of a condition on which a person would not raise the signal, and why: pauses, vacations and reviews, incidents,
-- the customer's own rhythm, a history that is too short to compare with.
with conditions as (
    select * from {{ ref('int_usage__signal_conditions') }}
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
)

select
    conditions.customer_id,
    conditions.signal_code,
    conditions.own_reason,
    conditions.valid_from as since_date,
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
