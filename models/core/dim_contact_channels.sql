select
    channel_code,
    title,
    quiet_from_hour,
    quiet_to_hour,
    answer_within_minutes,
    is_addressable,
    is_quiet_on_weekends
from {{ ref('contact_channels') }}
