{% set arms = ['acted', 'not_acted'] %}
-- Rows for every rule, so that what could be measured and is not says why.
with rules as (
    select
        rule_code,
        max(title) as title
    from {{ ref('dim_alert_rules') }}
    where rule_class = 'warning'
    group by rule_code
),

treatments as (
    select
        'hold_out' as method_code,
        'any_alert' as treatment_code,
        'any alert' as title
    union all
    select
        'matched' as method_code,
        'any_effective_contact' as treatment_code,
        'any effective contact' as title
    {%- for method in ['hold_out', 'matched'] %}
    union all
    select
        '{{ method }}' as method_code,
        rule_code as treatment_code,
        title
    from rules
    {%- endfor %}
),

reasoned as (
    select
        treatments.method_code,
        treatments.treatment_code,
        treatments.title,
        horizons.horizon_code,
        horizons.horizon_days,
        {%- for arm in arms %}
        {%- for part in ['count', 'churned', 'contacted'] %}
        coalesce(compared.{{ arm }}_{{ part }}, 0) as {{ arm }}_{{ part }},
        {%- endfor %}
        compared.{{ arm }}_weighted_pct,
        compared.{{ arm }}_effective,
        {%- endfor %}
        coalesce(compared.overlap_count, 0) as overlap_count,
        coalesce(compared.pending_count, 0) as pending_count,
        compared.difference_ci_lo,
        compared.difference_ci_hi,
        compared.first_date,
        compared.last_date,
        balance.before_score,
        balance.after_score,
        balance.widest_precursor_code,
        balance.widest_band_order,
        case
            when compared.method_code is null
                then case treatments.method_code when 'hold_out' then 'no_hold_out' else 'nobody_to_compare' end
            when compared.acted_count + compared.not_acted_count = 0 then 'not_over'
            when compared.acted_count < policy.min_reliable_count then 'few_acted'
            when compared.not_acted_count < policy.min_reliable_count then 'few_not_acted'
            when compared.acted_churned + compared.not_acted_churned < policy.acting_min_churns then 'few_churns'
            when least(coalesce(compared.acted_effective, 0), coalesce(compared.not_acted_effective, 0))
                < policy.min_reliable_count then 'no_overlap'
            when balance.after_score > policy.acting_max_imbalance then 'not_alike'
        end as unmeasured_reason
    from treatments
    cross join {{ ref('policy') }} as policy
    cross join {{ ref('int_alerts__action_horizons') }} as horizons
    left join {{ ref('int_alerts__action_effects') }} as compared
        on treatments.method_code = compared.method_code
        and treatments.treatment_code = compared.treatment_code
        and horizons.horizon_code = compared.horizon_code
    left join {{ ref('int_alerts__action_balance') }} as balance
        on treatments.method_code = balance.method_code
        and treatments.treatment_code = balance.treatment_code
        and horizons.horizon_code = balance.horizon_code
)

select
    reasoned.method_code,
    reasoned.treatment_code,
    reasoned.title as treatment_label,
    reasoned.horizon_code,
    cast(reasoned.horizon_days as bigint) as horizon_days,
    reasoned.unmeasured_reason,
    {%- for arm in arms %}
    cast(reasoned.{{ arm }}_churned as bigint) as churn_{{ arm }}_num,
    cast(reasoned.{{ arm }}_count as bigint) as churn_{{ arm }}_den,
    {{ pct('reasoned.' ~ arm ~ '_churned', 'reasoned.' ~ arm ~ '_count') }} as churn_{{ arm }}_pct,
    cast(reasoned.{{ arm }}_contacted as bigint) as {{ arm }}_contacted_count,
    cast(floor(reasoned.{{ arm }}_effective) as bigint) as {{ arm }}_effective_count,
    cast(case when reasoned.unmeasured_reason is null then reasoned.{{ arm }}_weighted_pct end as {{ type_double() }})
        as {{ arm }}_weighted_pct,
    {%- endfor %}
    {{ pct('reasoned.not_acted_churned', 'reasoned.not_acted_count') }}
    - {{ pct('reasoned.acted_churned', 'reasoned.acted_count') }} as unweighted_difference_pp,
    cast(case
        when reasoned.unmeasured_reason is null then reasoned.not_acted_weighted_pct - reasoned.acted_weighted_pct
    end as {{ type_double() }}) as difference_pp,
    {%- for side in ['lo', 'hi'] %}
    cast(case when reasoned.unmeasured_reason is null then reasoned.difference_ci_{{ side }} end as {{ type_double() }})
        as difference_ci_{{ side }},
    {%- endfor %}
    cast(reasoned.overlap_count as bigint) as overlap_num,
    cast(reasoned.acted_count + reasoned.not_acted_count as bigint) as overlap_den,
    {{ pct('reasoned.overlap_count', '(reasoned.acted_count + reasoned.not_acted_count)') }} as overlap_pct,
    cast(reasoned.before_score as {{ type_double() }}) as imbalance_before_score,
    cast(reasoned.after_score as {{ type_double() }}) as imbalance_after_score,
    reasoned.widest_precursor_code,
    cast(reasoned.widest_band_order as bigint) as widest_band_order,
    cast(reasoned.pending_count as bigint) as pending_count,
    reasoned.method_code = 'matched' as is_confounded,
    reasoned.unmeasured_reason is null as is_reliable,
    reasoned.first_date as first_counted_date,
    reasoned.last_date as last_counted_date
from reasoned
