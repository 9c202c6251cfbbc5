select
    hour_band,
    title,
    from_hour,
    to_hour
from {{ ref('hour_bands') }}
