select
    playbook_code,
    title,
    quiet_playbook_code,
    steps,
    origin,
    reason,
    is_contact
from {{ ref('playbooks') }}
