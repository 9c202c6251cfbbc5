select
    route_code,
    metric_code,
    score_from,
    score_to,
    owner_team,
    action_kind,
    seniorities,
    sla_days,
    is_followup
from {{ ref('score_routes') }}
