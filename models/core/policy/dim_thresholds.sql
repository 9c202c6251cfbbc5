select
    threshold_code,
    cast(threshold_value as double) as threshold_value,
    unit,
    origin,
    reason
from {{ ref('thresholds') }}
