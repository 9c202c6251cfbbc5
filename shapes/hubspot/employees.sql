-- Owners of HubSpot, from the day on which they were added.
select
    id as employee_id,
    nullif(concat_ws(' ', firstname, lastname), '') as display_name,
    elements(teams)[1] ->> 'name' as unit,
    case when archived = 'true' then updatedat end as left_at,
    createdat as valid_from,
    'hubspot' as source_system,
    _file,
    _line
from {{ export('hubspot/owners*', text=true, rows='results', latest='id', columns=['archived', 'teams']) }}
