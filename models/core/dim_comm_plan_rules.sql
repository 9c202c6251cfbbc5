select
    rule_code,
    title,
    anchor,
    channel_code,
    team_code,
    applies_to_segment,
    consent_purpose,
    anchor_idle_days,
    due_from_hours,
    due_to_hours,
    late_hours
from {{ ref('comm_plan_rules') }}
