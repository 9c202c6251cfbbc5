-- How much each unit counts: as much as its chance of the other group (overlap weights). Of a hold-out it is the share
-- that was drawn among alerts with the same chance, which evens out what the draw did not; of the others it follows
-- from the sum of the weights of their bands.
with contributions as (
    select
        units.treatment_code,
        units.unit_id,
        -- Of decimals: a sum of floating numbers ends in other digits with another order of rows.
        cast(sum(cast(terms.weight as decimal(18, 9))) as {{ type_double() }}) as contribution
    from {{ ref('int_alerts__action_units') }} as units
    inner join {{ ref('int_risk__banded') }} as banded
        on units.customer_id = banded.customer_id
        and units.observed_date = banded.observed_date
    -- An inner join could come first, and give every band of every customer to all treatments.
    left join {{ ref('int_alerts__propensities') }} as terms
        on units.treatment_code = terms.treatment_code
        and banded.precursor_code = terms.precursor_code
        and banded.band_order = terms.band_order
    where units.method_code = 'matched'
    group by units.treatment_code, units.unit_id
),

foreseen as (
    select
        units.*,
        case
            when units.method_code = 'hold_out'
                then avg(case when units.is_treated then 1.0 else 0.0 end) over alike
            else 1.0 / (1.0 + exp(-(terms.weight + coalesce(contributions.contribution, 0.0))))
        end as propensity
    from {{ ref('int_alerts__action_units') }} as units
    left join contributions
        on units.treatment_code = contributions.treatment_code
        and units.unit_id = contributions.unit_id
    left join {{ ref('int_alerts__propensities') }} as terms
        on units.treatment_code = terms.treatment_code
        and terms.precursor_code = 'intercept'
    window alike as (partition by units.method_code, units.treatment_code, units.known_propensity)
)

select
    method_code,
    treatment_code,
    unit_id,
    customer_id,
    customer_group,
    observed_date,
    landmark_date,
    churned_date,
    is_treated,
    is_contacted,
    cast({{ rounded('propensity', 6) }} as decimal(9, 6)) as propensity,
    cast({{ rounded('case when is_treated then 1.0 - propensity else propensity end', 6) }} as decimal(9, 6)) as weight
from foreseen
