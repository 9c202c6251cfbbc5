-- Teammates of Intercom. Intercom does not say since when somebody works here, so they always did.
select
    id as employee_id,
    name as display_name,
    'support' as team,
    date '2000-01-01' as valid_from,
    'intercom' as source_system,
    _file,
    _line
from {{ export('intercom/admins*.json*', rows='admins', latest='id', columns=['name']) }}
