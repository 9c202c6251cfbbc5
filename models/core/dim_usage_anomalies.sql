select
    anomaly_code,
    title,
    measure,
    min_observed
from {{ ref('usage_anomalies') }}
