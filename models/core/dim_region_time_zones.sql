select
    region,
    time_zone
from {{ ref('region_time_zones') }}
