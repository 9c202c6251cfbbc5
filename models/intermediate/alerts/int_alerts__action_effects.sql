{{ config(materialized=inlined('view')) }}
{%- set arms = ['acted', 'not_acted'] %}
{%- set keys = ['method_code', 'treatment_code', 'horizon_code'] %}
-- Weighted shares of churn of both groups, the number of equally weighted units that they are worth, and the interval
-- of their difference.
with totals as (
    select
        {{ keys | join(',\n        ') }},
        {%- for arm in arms %}
        {%- for part in ['count', 'churned', 'contacted', 'weight', 'churned_weight', 'squared_weight'] %}
        sum({{ arm }}_{{ part }}) as {{ arm }}_{{ part }},
        {%- endfor %}
        {%- endfor %}
        sum(overlap_count) as overlap_count,
        sum(pending_count) as pending_count,
        min(first_date) as first_date,
        max(last_date) as last_date
    from {{ ref('int_alerts__action_outcomes') }}
    group by {{ keys | join(', ') }}
),

-- The difference without each twentieth of the customers in turn; month ends of one customer are not independent.
without_groups as (
    select
        {%- for arm in arms %}
        cast(totals.{{ arm }}_churned_weight - outcomes.{{ arm }}_churned_weight as {{ type_double() }})
        / nullif(cast(totals.{{ arm }}_weight - outcomes.{{ arm }}_weight as {{ type_double() }}), 0)
            as {{ arm }}_share,
        {%- endfor %}
        totals.method_code,
        totals.treatment_code,
        totals.horizon_code
    from totals
    inner join {{ ref('int_alerts__action_outcomes') }} as outcomes
        on totals.method_code = outcomes.method_code
        and totals.treatment_code = outcomes.treatment_code
        and totals.horizon_code = outcomes.horizon_code
),

differences as (
    select
        {{ keys | join(',\n        ') }},
        cast({{ rounded('100.0 * (not_acted_share - acted_share)', 9) }} as decimal(18, 9)) as difference
    from without_groups
),

summed as (
    select
        {{ keys | join(',\n        ') }},
        count(difference) as parts_count,
        cast(sum(difference) as {{ type_double() }}) as parts_sum,
        cast(sum(difference * difference) as {{ type_double() }}) as squares_sum
    from differences
    group by {{ keys | join(', ') }}
),

weighted as (
    select
        totals.*,
        {%- for arm in arms %}
        cast(100.0 * {{ arm }}_churned_weight as {{ type_double() }})
        / nullif(cast({{ arm }}_weight as {{ type_double() }}), 0) as {{ arm }}_weighted_pct,
        cast({{ arm }}_weight as {{ type_double() }}) * cast({{ arm }}_weight as {{ type_double() }})
        / nullif(cast({{ arm }}_squared_weight as {{ type_double() }}), 0) as {{ arm }}_effective,
        {%- endfor %}
        -- The 97.5 % point of Student's distribution with nineteen degrees of freedom times the error of the jackknife.
        2.093024054408263 * sqrt(
            (summed.parts_count - 1.0) / nullif(summed.parts_count, 0)
            * greatest(summed.squares_sum - summed.parts_sum * summed.parts_sum / nullif(summed.parts_count, 0), 0.0)
        ) as margin
    from totals
    left join summed
        on totals.method_code = summed.method_code
        and totals.treatment_code = summed.treatment_code
        and totals.horizon_code = summed.horizon_code
),

bounded as (
    select
        {%- for arm in arms %}
        {%- for side in ['lo', 'hi'] %}
        {{ wilson_pct(arm ~ '_weighted_pct / 100.0 * ' ~ arm ~ '_effective', arm ~ '_effective', side) }}
            as {{ arm }}_weighted_ci_{{ side }},
        {%- endfor %}
        {%- endfor %}
        *
    from weighted
)

-- What was drawn by chance has the interval of two shares; what people chose repeats customers.
select
    *,
    case method_code
        when 'hold_out' then {{ newcombe_pp('not_acted_weighted', 'acted_weighted', 'lo') }}
        else not_acted_weighted_pct - acted_weighted_pct - margin
    end as difference_ci_lo,
    case method_code
        when 'hold_out' then {{ newcombe_pp('not_acted_weighted', 'acted_weighted', 'hi') }}
        else not_acted_weighted_pct - acted_weighted_pct + margin
    end as difference_ci_hi
from bounded
