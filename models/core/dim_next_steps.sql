select
    step_code,
    title,
    origin,
    reason,
    priority_order,
    is_contact
from {{ ref('next_steps') }}
