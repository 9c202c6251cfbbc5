select
    setting_code,
    cohort_kind,
    measure_code,
    period_kind,
    period_grain,
    cohort_grain,
    dimension_name,
    horizon_periods,
    cohorts_count,
    origin,
    reason
from {{ ref('retention_settings') }}
