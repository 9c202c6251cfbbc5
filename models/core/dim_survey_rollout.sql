select
    wave,
    max_tenure_months,
    start_date,
    share_pct
from {{ ref('survey_rollout') }}
