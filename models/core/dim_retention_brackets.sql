select
    period_grain,
    first_period,
    last_period
from {{ ref('retention_brackets') }}
