{{ config(materialized=inlined('view')) }}
-- Conditions of contracts and payments that call for somebody, as intervals of days on whose close they hold.
with covered as (
    select
        customer_id,
        from_date,
        to_date,
        max(coalesce(to_date, {{ end_of_time('date') }})) over (
            partition by customer_id
            order by from_date, subscription_id
            rows between unbounded preceding and 1 preceding
        ) as earlier_to
    from {{ ref('subscription_status_periods') }}
    where is_coverage
),

intervals as (
    -- Asked to cancel, until the end of the contract.
    select
        slices.customer_id,
        'cancel_requested' as signal_code,
        cast({{ days_between(
            'min(' ~ business_date('slices.cancel_requested_at') ~ ')', 'max(slices.to_date)'
        ) }} as {{ type_double() }}) as observed_value,
        cast(null as {{ type_double() }}) as expected_value,
        'high' as severity,
        'asked to cancel, the contract still runs' as reason,
        cast(null as {{ dbt.type_string() }}) as suppressed_by,
        {{ business_date('slices.cancel_requested_at') }} as valid_from,
        max(coalesce(slices.to_date, {{ end_of_time('date') }})) as valid_to
    from {{ ref('subscription_status_periods') }} as slices
    where slices.cancel_requested_at is not null
        and slices.is_coverage
    group by slices.customer_id, {{ business_date('slices.cancel_requested_at') }}
    union all
    -- Asked to cancel and took it back: it held in between.
    select
        retracted.customer_id,
        'cancel_requested' as signal_code,
        cast(null as {{ type_double() }}) as observed_value,
        cast(null as {{ type_double() }}) as expected_value,
        'high' as severity,
        'asked to cancel, the contract still runs' as reason,
        cast(null as {{ dbt.type_string() }}) as suppressed_by,
        retracted.requested_date as valid_from,
        max(retracted.retracted_date) as valid_to
    from {{ ref('fct_retracted_cancellations') }} as retracted
    left join {{ ref('subscription_status_periods') }} as standing
        on retracted.customer_id = standing.customer_id
        and retracted.requested_date = {{ business_date('standing.cancel_requested_at') }}
        and standing.is_coverage
    where standing.customer_id is null
    group by retracted.customer_id, retracted.requested_date
    union all
    -- The contract has run out and nothing follows: until it is renewed, or known to be a churn.
    select
        gaps.customer_id,
        'renewal_missing' as signal_code,
        cast(0 as {{ type_double() }}) as observed_value,
        cast(1 as {{ type_double() }}) as expected_value,
        'high' as severity,
        'the contract has run out and is not renewed' as reason,
        cast(null as {{ dbt.type_string() }}) as suppressed_by,
        gaps.earlier_to as valid_from,
        least(
            gaps.from_date,
            {{ add_days('gaps.earlier_to', 'policy.churn_grace_days') }}
        ) as valid_to
    from (
        select
            covered.customer_id,
            covered.earlier_to,
            covered.from_date
        from covered
        where covered.from_date > covered.earlier_to
        union all
        select
            tenures.customer_id,
            tenures.covered_to_date as earlier_to,
            {{ end_of_time('date') }} as from_date
        from {{ ref('customer_tenures') }} as tenures
        where tenures.basis = 'contract'
            and tenures.covered_to_date is not null
            and tenures.reactivated_date is null
    ) as gaps
    cross join {{ ref('policy') }} as policy
    union all
    -- A payment failed and none has succeeded since.
    select
        failures.customer_id,
        'payment_failed' as signal_code,
        cast(max(failures.failures_count) as {{ type_double() }}) as observed_value,
        cast(0 as {{ type_double() }}) as expected_value,
        'medium' as severity,
        'a payment failed and none has succeeded since' as reason,
        cast(null as {{ dbt.type_string() }}) as suppressed_by,
        failures.failed_date as valid_from,
        max(least(
            coalesce(failures.recovered_date, {{ end_of_time('date') }}),
            {{ add_days('failures.failed_date', 'policy.payment_failed_days') }}
        )) as valid_to
    from {{ ref('payment_failure_periods') }} as failures
    cross join {{ ref('policy') }} as policy
    group by failures.customer_id, failures.failed_date
    union all
    -- A renewal comes up.
    select
        slices.customer_id,
        'renewal_due' as signal_code,
        cast(null as {{ type_double() }}) as observed_value,
        cast(null as {{ type_double() }}) as expected_value,
        'low' as severity,
        'a renewal is due soon' as reason,
        max(case when slices.cancel_requested_at is not null then 'cancel_requested' end) as suppressed_by,
        greatest(
            min(slices.from_date),
            {{ add_days('slices.renewal_date', '-policy.renewal_notice_days') }}
        ) as valid_from,
        max(least(coalesce(slices.to_date, slices.renewal_date), slices.renewal_date)) as valid_to
    from {{ ref('subscription_status_periods') }} as slices
    cross join {{ ref('policy') }} as policy
    where slices.renewal_date is not null
        and slices.status = 'paying'
        and slices.is_coverage
    group by slices.customer_id, slices.renewal_date, policy.renewal_notice_days
    union all
    -- Churned, and may be reactivated.
    select
        events.customer_id,
        'recently_churned' as signal_code,
        cast(events.mrr_lost as {{ type_double() }}) as observed_value,
        cast(null as {{ type_double() }}) as expected_value,
        'low' as severity,
        'churned and not reactivated' as reason,
        case when not events.is_voluntary then 'involuntary' end as suppressed_by,
        events.recognised_date as valid_from,
        least(
            coalesce(events.reactivated_date, {{ end_of_time('date') }}),
            {{ add_days('events.churned_date', 'policy.winback_window_days') }}
        ) as valid_to
    from {{ ref('fct_churn_events') }} as events
    cross join {{ ref('policy') }} as policy
)

select
    intervals.customer_id,
    intervals.signal_code,
    intervals.observed_value,
    intervals.expected_value,
    intervals.severity,
    intervals.reason,
    intervals.suppressed_by,
    intervals.valid_from,
    case when intervals.valid_to <= run_context.as_of_date then intervals.valid_to end as valid_to
from intervals
inner join {{ ref('run_context') }} as run_context
    on intervals.valid_from <= run_context.as_of_date
where intervals.valid_to > intervals.valid_from
