select
    periods.customer_id,
    status.status as customer_status,
    periods.health_status,
    periods.signal_codes as health_reasons,
    {{ usage_health_version() }} as definition_version,
    status.is_paying,
    periods.valid_from,
    periods.valid_to
from {{ ref('int_usage__status_periods') }} as periods
{{ attributes_as_of('periods', 'periods.valid_from', ['status']) }}
