select
    customer_id,
    health_status,
    signal_codes as health_reasons,
    {{ usage_health_version() }} as definition_version,
    valid_from,
    valid_to
from {{ ref('int_usage__status_periods') }}
