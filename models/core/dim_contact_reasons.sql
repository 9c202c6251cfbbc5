select
    signal_code,
    reason_code,
    origin,
    reason,
    priority_order
from {{ ref('contact_reasons') }}
