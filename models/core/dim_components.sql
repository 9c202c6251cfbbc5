select
    component_code,
    title,
    is_one_off,
    owner_team,
    available_from
from {{ ref('components') }}
