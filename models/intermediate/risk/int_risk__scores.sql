{{ config(materialized=inlined('view')) }}
-- The chance that a customer churns within each window. A longer window holds the shorter one.
with summed as (
    select
        customer_id,
        horizon_code,
        -- Of decimals: a sum of floating numbers ends in other digits with another order of rows.
        cast(sum(cast(contribution as decimal(18, 9))) as {{ type_double() }}) as contribution
    from {{ ref('int_risk__contributions') }}
    group by customer_id, horizon_code
),

scored as (
    select
        frame.customer_id,
        chosen.horizon_code,
        chosen.model_code,
        chosen.note,
        chosen.estimate as usual,
        case
            when chosen.model_code = 'additive'
                then 1.0 / (1.0 + exp(-(terms.estimate + coalesce(summed.contribution, 0.0))))
            when chosen.model_code = 'base' then chosen.estimate
        end as chance
    from {{ ref('int_risk__frame') }} as frame
    cross join {{ ref('int_risk__fits') }} as chosen
    left join {{ ref('int_risk__fits') }} as terms
        on chosen.horizon_code = terms.horizon_code
        and chosen.model_code = terms.model_code
        and terms.code = 'intercept'
    left join summed
        on frame.customer_id = summed.customer_id
        and chosen.horizon_code = summed.horizon_code
    where frame.is_current
        and chosen.code = 'chosen'
),

windows as (
    select
        customer_id,
        {%- for window in ['short', 'medium', 'long'] %}
        max(case when horizon_code = '{{ window }}' then chance end) as {{ window }}_chance,
        max(case when horizon_code = '{{ window }}' then usual end) as {{ window }}_usual,
        {%- endfor %}
        max(case when horizon_code = 'medium' then model_code end) as model_code,
        max(case when horizon_code = 'medium' then note end) as note
    from scored
    group by customer_id
)

select
    customer_id,
    model_code,
    note,
    medium_usual,
    short_chance,
    case when medium_chance is not null then greatest(medium_chance, coalesce(short_chance, 0)) end as medium_chance,
    case
        when long_chance is not null
            then greatest(long_chance, coalesce(medium_chance, 0), coalesce(short_chance, 0))
    end as long_chance
from windows
