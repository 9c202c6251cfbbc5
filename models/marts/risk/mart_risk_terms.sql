-- The card of the additive model: what it was made from and what each band weighs.
select
    terms.horizon_code,
    terms.code as precursor_code,
    coalesce(precursors.title, 'average customer') as precursor_label,
    cast(terms.order_number as bigint) as band_order,
    case
        when terms.code = 'intercept' then 'average customer'
        else coalesce(bands.title, 'not known')
    end as band_label,
    cast(case terms.horizon_code
        {%- for window in ['short', 'medium', 'long'] %}
        when '{{ window }}' then policy.risk_horizon_{{ window }}_days
        {%- endfor %}
    end as bigint) as horizon_days,
    cast(terms.estimate as {{ type_double() }}) as weight_avg,
    cast(exp(terms.estimate) as {{ type_double() }}) as odds_avg,
    cast(terms.count_den as bigint) as observed_count,
    cast(chosen.count_den as bigint) as learned_count,
    cast(chosen.count_num as bigint) as churned_count,
    chosen.model_code = 'additive' as is_used
from {{ ref('int_risk__fits') }} as terms
cross join {{ ref('policy') }} as policy
inner join {{ ref('int_risk__fits') }} as chosen
    on terms.horizon_code = chosen.horizon_code
    and chosen.code = 'chosen'
left join {{ ref('precursors') }} as precursors
    on terms.code = precursors.precursor_code
left join {{ ref('precursor_bands') }} as bands
    on terms.code = bands.precursor_code
    and terms.order_number = bands.band_order
where terms.record_kind = 'term'
