select
    tenure_band,
    band_order,
    months_from,
    months_to
from {{ ref('tenure_bands') }}
