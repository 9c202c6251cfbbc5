{{ config(materialized=inlined('view')) }}
{% set arms = {'acted': 'weights.is_treated', 'not_acted': 'not weights.is_treated'} %}
-- How alike the compared customers were when the month before ended: the largest standardized difference of the shares
-- in a band, without the weights and with them.
with bands as (
    select
        {%- for arm, condition in arms.items() %}
        count(case when {{ condition }} then 1 end) as {{ arm }}_count,
        sum(case when {{ condition }} then weights.weight else 0 end) as {{ arm }}_weight,
        {%- endfor %}
        weights.treatment_code,
        horizons.horizon_code,
        banded.precursor_code,
        banded.band_order
    from {{ ref('int_alerts__action_weights') }} as weights
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('int_alerts__action_horizons') }} as horizons
        on {{ days_between('weights.landmark_date', 'run_context.as_of_date') }} >= horizons.known_after_days
    inner join {{ ref('int_risk__banded') }} as banded
        on weights.customer_id = banded.customer_id
        and weights.observed_date = banded.observed_date
    where weights.method_code = 'matched'
    group by weights.treatment_code, horizons.horizon_code, banded.precursor_code, banded.band_order
),

shares as (
    select
        {%- for arm in arms %}
        {%- for part in ['count', 'weight'] %}
        cast({{ arm }}_{{ part }} as {{ type_double() }})
        / nullif(cast(sum({{ arm }}_{{ part }}) over precursors as {{ type_double() }}), 0) as {{ arm }}_{{ part }},
        {%- endfor %}
        {%- endfor %}
        treatment_code,
        horizon_code,
        precursor_code,
        band_order
    from bands
    window precursors as (partition by treatment_code, horizon_code, precursor_code)
),

differences as (
    select
        *,
        sqrt(nullif(
            (acted_count * (1.0 - acted_count) + not_acted_count * (1.0 - not_acted_count)) / 2.0, 0.0
        )) as spread
    from shares
),

-- Both are measured in the spread before the weights, so that they can be compared.
measured as (
    select
        *,
        {{ rounded('abs(acted_count - not_acted_count) / spread', 9) }} as before_score,
        {{ rounded('abs(acted_weight - not_acted_weight) / spread', 9) }} as after_score
    from differences
),

ranked as (
    select
        *,
        row_number() over (
            partition by treatment_code, horizon_code
            order by after_score desc nulls last, precursor_code asc, band_order asc
        ) as place
    from measured
)

select
    'matched' as method_code,
    treatment_code,
    horizon_code,
    max(before_score) as before_score,
    max(after_score) as after_score,
    max(case when place = 1 and after_score is not null then precursor_code end) as widest_precursor_code,
    max(case when place = 1 and after_score is not null then band_order end) as widest_band_order
from ranked
group by treatment_code, horizon_code
