select
    trigger_key,
    survey_code,
    trigger_type,
    cause,
    event_name,
    cause_channel,
    first_step,
    last_step,
    step_size,
    stage_code,
    touchpoint_code,
    quiet_days,
    expires_after_days,
    is_suppressible
from {{ ref('survey_triggers') }}
