select
    stage_code,
    touchpoint_code,
    stage_no,
    is_feedback_required,
    survey_code,
    title
from {{ ref('journey_stages') }}
