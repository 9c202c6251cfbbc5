select
    reported_code,
    reason_code,
    category,
    title,
    is_commission_forfeited
from {{ ref('churn_reasons') }}
