select
    survey_code,
    title,
    programme,
    response_window_days
from {{ ref('surveys') }}
