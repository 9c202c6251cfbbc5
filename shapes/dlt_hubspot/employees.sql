-- Owners of HubSpot as dlt lands them, from the day on which they were added.
select
    id as employee_id,
    nullif(concat_ws(' ', first_name, last_name), '') as display_name,
    case when archived = 'true' then updated_at end as left_at,
    created_at as valid_from,
    'hubspot' as source_system,
    _file,
    _line
from {{ export('dlt_hubspot/owners/*', text=true, latest='id', columns=['archived', 'first_name', 'last_name']) }}
