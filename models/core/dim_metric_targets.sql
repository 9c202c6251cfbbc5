select
    metric_code,
    segment_code,
    comparator,
    target_value,
    higher_is_better,
    valid_from,
    valid_to,
    origin,
    reason
from {{ ref('metric_targets') }}
