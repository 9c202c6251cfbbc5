select
    rule_code,
    metric_code,
    dimension_name,
    compared_with,
    side,
    severity,
    origin,
    reason,
    limit_value,
    valid_from,
    valid_to
from {{ ref('metric_alert_rules') }}
