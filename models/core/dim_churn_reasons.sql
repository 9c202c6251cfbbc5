select
    reported_code,
    reason_code,
    category,
    is_pause,
    title,
    is_commission_forfeited
from {{ ref('churn_reasons') }}
