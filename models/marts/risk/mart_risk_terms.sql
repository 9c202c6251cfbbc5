-- The card of the additive model: what it was made from, what each band weighs, and whether customers are still in the
-- bands in which they were when it was learned.
with current_bands as (
    select
        precursor_code,
        band_order,
        count(*) as current_count
    from {{ ref('int_risk__banded') }}
    where is_current
    group by precursor_code, band_order
),

terms as (
    select
        fits.horizon_code,
        fits.code as precursor_code,
        cast(fits.order_number as bigint) as band_order,
        fits.estimate as weight,
        cast(fits.count_den as bigint) as observed_count,
        case when fits.code <> 'intercept' then coalesce(current_bands.current_count, 0) end as current_count,
        case when fits.order_number > 0 then fits.count_den end as learned_in_band,
        case when fits.order_number > 0 then coalesce(current_bands.current_count, 0) end as current_in_band
    from {{ ref('int_risk__fits') }} as fits
    left join current_bands
        on fits.code = current_bands.precursor_code
        and fits.order_number = current_bands.band_order
    where fits.record_kind = 'term'
),

-- Where a source begins, values that were not known become known; that says nothing about customers.
known as (
    select
        *,
        sum(learned_in_band) over precursors as learned_in_bands,
        sum(current_in_band) over precursors as current_in_bands,
        count(learned_in_band) over precursors as bands_count
    from terms
    window precursors as (partition by horizon_code, precursor_code)
),

-- Half a customer more in each band: an empty one would make the index infinite.
shares as (
    select
        *,
        (learned_in_band + 0.5) / (learned_in_bands + 0.5 * bands_count) as learned_share,
        (current_in_band + 0.5) / (current_in_bands + 0.5 * bands_count) as current_share
    from known
),

drifts as (
    select
        *,
        sum((current_share - learned_share) * ln(current_share / learned_share)) over (
            partition by horizon_code, precursor_code
        ) as drift
    from shares
)

select
    drifts.horizon_code,
    drifts.precursor_code,
    coalesce(precursors.title, 'average customer') as precursor_label,
    drifts.band_order,
    case
        when drifts.precursor_code = 'intercept' then 'average customer'
        else coalesce(bands.title, 'not known')
    end as band_label,
    cast(case drifts.horizon_code
        {%- for window in ['short', 'medium', 'long'] %}
        when '{{ window }}' then policy.risk_horizon_{{ window }}_days
        {%- endfor %}
    end as bigint) as horizon_days,
    cast(drifts.weight as {{ type_double() }}) as weight_avg,
    cast(exp(drifts.weight) as {{ type_double() }}) as odds_avg,
    drifts.observed_count,
    cast(drifts.current_count as bigint) as current_count,
    {{ pct('drifts.learned_in_band', 'drifts.learned_in_bands') }} as learned_pct,
    {{ pct('drifts.current_in_band', 'drifts.current_in_bands') }} as current_pct,
    cast(case
        when drifts.current_in_bands >= policy.min_reliable_count then {{ rounded('drifts.drift', 9) }}
    end as {{ type_double() }}) as drift_score,
    cast(chosen.count_den as bigint) as learned_count,
    cast(chosen.count_num as bigint) as churned_count,
    chosen.model_code = 'additive' as is_used
from drifts
cross join {{ ref('policy') }} as policy
inner join {{ ref('int_risk__fits') }} as chosen
    on drifts.horizon_code = chosen.horizon_code
    and chosen.code = 'chosen'
left join {{ ref('precursors') }} as precursors
    on drifts.precursor_code = precursors.precursor_code
left join {{ ref('precursor_bands') }} as bands
    on drifts.precursor_code = bands.precursor_code
    and drifts.band_order = bands.band_order
