select
    periods.customer_id,
    periods.signal_code,
    periods.segment_code,
    status.status as customer_status,
    periods.severity,
    periods.reason as signal_reason,
    periods.suppressed_by as suppressed_reason,
    case
        when periods.signal_code in ('decline', 'sharp_decline') then 'own_past'
        when periods.signal_code in ('dormant', 'component_abandoned') then 'policy'
        else 'peers'
    end as norm_kind,
    account_manager.employee_id as account_manager_id,
    periods.observed_value,
    periods.expected_value,
    cast(periods.window_days as bigint) as window_days,
    cast(periods.peers_count as bigint) as peers_count,
    periods.suppressed_by is not null as is_suppressed,
    status.is_paying,
    periods.since_date,
    periods.valid_from as state_from
from {{ ref('int_signals__usage') }} as periods
cross join {{ ref('run_context') }} as run_context
{{ attributes_as_of('periods', 'run_context.as_of_date', ['status']) }}
{{ account_manager_as_of('periods', 'run_context.as_of_date') }}
where periods.valid_to is null
