-- Owners of HubSpot as Fivetran lands them, from the day on which they were added.
select
    owner_id as employee_id,
    nullif(concat_ws(' ', first_name, last_name), '') as display_name,
    created_at as valid_from,
    'hubspot' as source_system,
    _file,
    _line
from {{ export('fivetran_hubspot/owner/*', text=true, latest='owner_id') }}
