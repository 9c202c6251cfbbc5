-- The band of each precursor at each observation; 0 when it is not known.
select
    frame.customer_id,
    frame.tenure_number,
    frame.month_date,
    frame.observed_date,
    frame.segment_code,
    precursors.precursor_code,
    {{ precursor_value('precursors.precursor_code') }} as precursor_value,
    coalesce(bands.band_order, 0) as band_order,
    frame.is_churned_short,
    frame.is_current,
    frame.churned_date
from {{ ref('int_risk__frame') }} as frame
cross join {{ ref('precursors') }} as precursors
left join {{ ref('precursor_bands') }} as bands
    on precursors.precursor_code = bands.precursor_code
    and {{ precursor_value('bands.precursor_code') }} >= coalesce(bands.value_from, -1e18)
    and {{ precursor_value('bands.precursor_code') }} < coalesce(bands.value_to, 1e18)
