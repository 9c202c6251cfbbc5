select
    plan_code,
    component_code,
    is_available,
    seats as seats_count
from {{ ref('plan_components') }}
