-- Exactly one status per customer and day, as periods (USE-21). It changes only where a signal begins or ends, or where
-- the customer is no longer new. Days on which use is not recorded are `not_measured`.
with access_tenures as (
    -- From the day on which a customer gets access to the day on which it ends.
    select
        periods.customer_id,
        min(periods.valid_from) as tenure_from,
        max(coalesce(periods.valid_to, {{ end_of_time('date') }})) as tenure_to,
        {{ add_days('min(periods.registered_date)', 'policy.usage_first_days - 1') }} as grown_date,
        min(periods.observed_date) as observed_date,
        {{ add_days('min(periods.observed_date)', 'policy.usage_first_days - 1') }} as known_date
    from {{ ref('customer_usage_periods') }} as periods
    cross join {{ ref('policy') }} as policy
    group by periods.customer_id, periods.present_from, policy.usage_first_days
),

signals as (
    select
        customer_id,
        signal_code,
        suppressed_by,
        valid_from,
        coalesce(valid_to, {{ end_of_time('date') }}) as valid_to
    from {{ ref('int_signals__usage') }}
),

slices as (
    {{ split_periods(['customer_id'], [
        ['access_tenures', ['tenure_from', 'tenure_to', 'grown_date', 'observed_date', 'known_date']],
        ['signals', ['valid_from', 'valid_to']],
    ]) }}
),

pieces as (
    select
        access_tenures.customer_id,
        access_tenures.grown_date,
        access_tenures.known_date,
        coalesce(access_tenures.observed_date <= slices.valid_from, false) as is_measured,
        slices.valid_from,
        least(slices.valid_to, access_tenures.tenure_to) as valid_to
    from access_tenures
    inner join slices
        on access_tenures.customer_id = slices.customer_id
        and slices.valid_from >= access_tenures.tenure_from
        and slices.valid_from < access_tenures.tenure_to
),

flags as (
    select
        pieces.customer_id,
        pieces.valid_from,
        pieces.valid_to,
        pieces.is_measured,
        max(pieces.grown_date) as grown_date,
        max(pieces.known_date) as known_date,
        {% for signal in usage_signals() %}
        max(case
            when signals.signal_code = '{{ signal }}' and signals.suppressed_by is null and pieces.is_measured then 1
            else 0
        end) as has_{{ signal }},
        {% endfor %}
        max(case when signals.suppressed_by in ('paused', 'vacation', 'incident') then 1 else 0 end) as is_excused
    from pieces
    left join signals
        on pieces.customer_id = signals.customer_id
        and signals.valid_from <= pieces.valid_from
        and signals.valid_to > pieces.valid_from
    group by pieces.customer_id, pieces.valid_from, pieces.valid_to, pieces.is_measured
),

classified as (
    select
        customer_id,
        case
            when not is_measured then 'not_measured'
            when has_dormant = 1 then 'stopped'
            when has_sharp_decline = 1 or has_low_start = 1 then 'at_risk'
            when has_excessive = 1 then 'to_verify'
            when has_decline = 1 or has_below_segment = 1 or has_component_abandoned = 1 then 'watch'
            when is_excused = 1 then 'excused'
            when valid_from < grown_date then 'new'
            when valid_from < known_date then 'insufficient_history'
            else 'healthy'
        end as health_status,
        {% for signal in usage_signals() -%}
        case when has_{{ signal }} = 1 then '{{ signal }} ' else '' end {{ '||' if not loop.last }}
        {% endfor %} as signal_codes,
        valid_from,
        valid_to
    from flags
),

merged as (
    {{ merged_periods('classified', ['customer_id', 'health_status', 'signal_codes']) }}
)

select
    merged.customer_id,
    merged.health_status,
    trim(merged.signal_codes) as signal_codes,
    merged.valid_from,
    case when merged.valid_to <= run_context.as_of_date then merged.valid_to end as valid_to
from merged
cross join {{ ref('run_context') }} as run_context
