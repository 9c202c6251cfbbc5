-- What each precursor adds to the log-odds of churn of a customer today, beside an average customer.
select
    banded.customer_id,
    terms.horizon_code,
    banded.precursor_code,
    banded.band_order,
    terms.estimate as contribution
from {{ ref('int_risk__banded') }} as banded
inner join {{ ref('int_risk__fits') }} as terms
    on banded.precursor_code = terms.code
    and banded.band_order = terms.order_number
    and terms.record_kind = 'term'
inner join {{ ref('int_risk__fits') }} as chosen
    on terms.horizon_code = chosen.horizon_code
    and terms.model_code = chosen.model_code
    and chosen.code = 'chosen'
where banded.is_current
