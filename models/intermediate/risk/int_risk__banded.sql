-- The band of each precursor at each observation; 0 when it is not known.
with observed as (
    select
        frame.customer_id,
        frame.tenure_number,
        frame.month_date,
        frame.observed_date,
        frame.segment_code,
        precursors.precursor_code,
        {{ precursor_value('precursors.precursor_code') }} as precursor_value,
        frame.is_churned_short,
        frame.is_current,
        frame.churned_date
    from {{ ref('int_risk__frame') }} as frame
    cross join {{ ref('precursors') }} as precursors
)

-- The value is a column before it meets the bands: an expression over both would compare every row with every band.
select
    observed.customer_id,
    observed.tenure_number,
    observed.month_date,
    observed.observed_date,
    observed.segment_code,
    observed.precursor_code,
    observed.precursor_value,
    coalesce(bands.band_order, 0) as band_order,
    observed.is_churned_short,
    observed.is_current,
    observed.churned_date
from observed
left join {{ ref('precursor_bands') }} as bands
    on observed.precursor_code = bands.precursor_code
    and observed.precursor_value >= coalesce(bands.value_from, -1e18)
    and observed.precursor_value < coalesce(bands.value_to, 1e18)
