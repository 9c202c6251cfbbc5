with cells as (
    select
        cells.*,
        coalesce(bases.churned_count, 0) as churned_count,
        coalesce(bases.base_num, 0) as base_num,
        coalesce(bases.base_den, 0) as base_den
    from {{ ref('int_alerts__rule_cells') }} as cells
    left join {{ ref('int_alerts__base_cells') }} as bases
        on cells.dimension_name = bases.dimension_name
        and cells.dimension_value = bases.dimension_value
)

select
    warning_kind,
    warning_code,
    dimension_name,
    dimension_value,
    cast(warnings_count as bigint) as warnings_count,
    cast(pending_count as bigint) as pending_count,
    cast(precision_num as bigint) as precision_num,
    cast(precision_den as bigint) as precision_den,
    {{ pct('precision_num', 'precision_den') }} as precision_pct,
    cast({{ wilson_pct('precision_num', 'precision_den', 'lo') }} as double) as precision_ci_lo,
    cast({{ wilson_pct('precision_num', 'precision_den', 'hi') }} as double) as precision_ci_hi,
    cast(recall_num as bigint) as recall_num,
    cast(churned_count as bigint) as recall_den,
    {{ pct('recall_num', 'churned_count') }} as recall_pct,
    cast({{ wilson_pct('recall_num', 'churned_count', 'lo') }} as double) as recall_ci_lo,
    cast({{ wilson_pct('recall_num', 'churned_count', 'hi') }} as double) as recall_ci_hi,
    cast(base_num as bigint) as base_num,
    cast(base_den as bigint) as base_den,
    {{ pct('base_num', 'base_den') }} as base_pct,
    cast({{ wilson_pct('base_num', 'base_den', 'lo') }} as double) as base_ci_lo,
    cast({{ wilson_pct('base_num', 'base_den', 'hi') }} as double) as base_ci_hi,
    cast(1.0 * precision_num * base_den / nullif(precision_den * base_num, 0) as double) as lift_avg,
    cast(median_lead_days as double) as median_lead_days,
    cast(churn_acted_num as bigint) as churn_acted_num,
    cast(churn_acted_den as bigint) as churn_acted_den,
    {{ pct('churn_acted_num', 'churn_acted_den') }} as churn_acted_pct,
    cast(churn_not_acted_num as bigint) as churn_not_acted_num,
    cast(churn_not_acted_den as bigint) as churn_not_acted_den,
    {{ pct('churn_not_acted_num', 'churn_not_acted_den') }} as churn_not_acted_pct,
    cast(recovered_num as bigint) as recovered_num,
    cast(recovered_den as bigint) as recovered_den,
    {{ pct('recovered_num', 'recovered_den') }} as recovered_pct,
    pending_count = 0 as is_complete,
    {{ is_reliable('precision_den') }} as is_reliable
from cells
