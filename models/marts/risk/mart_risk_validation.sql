-- How well each model foresaw months that it had not seen.
select
    records.horizon_code,
    records.model_code,
    records.code as measure_code,
    records.dimension_name,
    records.dimension_value,
    cast(records.order_number as bigint) as bin_order,
    cast(case records.horizon_code
        {%- for window in ['short', 'medium', 'long'] %}
        when '{{ window }}' then policy.risk_horizon_{{ window }}_days
        {%- endfor %}
    end as bigint) as horizon_days,
    cast(case when records.record_kind = 'measure' then records.estimate end as {{ type_double() }}) as measure_avg,
    cast(records.ci_lo as {{ type_double() }}) as measure_avg_ci_lo,
    cast(records.ci_hi as {{ type_double() }}) as measure_avg_ci_hi,
    cast(case when records.record_kind = 'bin' then 100.0 * records.estimate end as {{ type_double() }})
        as foreseen_pct,
    cast(records.count_num as bigint) as churned_num,
    cast(records.count_den as bigint) as churned_den,
    -- What was learned from is counted in customers who churned and in month ends, so their ratio is not a share.
    case when records.code <> 'chosen' then {{ pct('records.count_num', 'records.count_den') }} end as churned_pct,
    {%- for side in ['lo', 'hi'] %}
    cast(case
        when records.code <> 'chosen' then {{ wilson_pct('records.count_num', 'records.count_den', side) }}
    end as {{ type_double() }}) as churned_ci_{{ side }},
    {%- endfor %}
    records.model_code = chosen.model_code as is_chosen,
    nullif(case when records.record_kind = 'status' then records.note end, '') as missing_reason
from {{ ref('int_risk__fits') }} as records
cross join {{ ref('policy') }} as policy
inner join {{ ref('int_risk__fits') }} as chosen
    on records.horizon_code = chosen.horizon_code
    and chosen.code = 'chosen'
where records.record_kind not in ('term', 'source')
