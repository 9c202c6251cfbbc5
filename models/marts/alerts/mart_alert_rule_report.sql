-- Counts behind precision, recall and lead time of every warning, in all and by each dimension, and their rates.
{% set with_channel = {
    'segment': 'segment_value', 'status': 'status_value', 'basis': 'basis', 'channel': 'channel_value',
} %}
{% set codes = ['warning_kind', 'warning_code'] %}
with warnings as (
    select
        warnings.*,
        coalesce(warnings.segment_code, 'unassigned') as segment_value,
        coalesce(warnings.customer_status, 'unknown') as status_value,
        coalesce(warnings.acted_channel_code, 'none') as channel_value,
        warnings.is_mature and warnings.warning_class = 'warning' as is_rated,
        warnings.is_mature and warnings.warning_class = 'notice' as is_notice_rated
    from {{ ref('int_alerts__warnings') }} as warnings
),

broken_down as (
    {{ breakdowns_with_attributes('warnings', with_channel, 'warned_date') }}
),

warning_cells as (
    select
        warning_kind,
        warning_code,
        dimension_name,
        dimension_value,
        count(*) as warnings_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature and is_late then 1 end) as late_count,
        count(case when is_mature and is_circular then 1 end) as circular_count,
        count(case when is_rated then 1 end) as precision_den,
        count(case when is_rated and is_followed then 1 end) as precision_num,
        count(case when is_notice_rated then 1 end) as confirmed_den,
        count(case when is_notice_rated and is_confirmed then 1 end) as confirmed_num,
        -- What is spared is given to nobody, so it says nothing about those who act.
        count(case when is_rated and is_spared then 1 end) as spared_count,
        count(case when is_rated and not is_spared and is_acted then 1 end) as churn_acted_den,
        count(case when is_rated and not is_spared and is_acted and is_followed then 1 end) as churn_acted_num,
        count(case when is_rated and not is_spared and not is_acted then 1 end) as churn_not_acted_den,
        count(case when is_rated and not is_spared and not is_acted and is_followed then 1 end) as churn_not_acted_num,
        count(case when is_acted and not is_spared and is_recovery_mature then 1 end) as recovered_den,
        count(case when is_acted and not is_spared and is_recovery_mature and is_recovered then 1 end) as recovered_num
    from broken_down
    group by {{ codes | join(', ') }}, dimension_name, dimension_value
),

codes as (
    select
        warning_kind,
        warning_code,
        max(warning_class) as warning_class,
        min(speaks_from) as speaks_from
    from {{ ref('int_alerts__warning_codes') }}
    group by warning_kind, warning_code
),

-- What the risk of churn finds in the tenth of customers that it warns about most.
scores as (
    select max(measure_avg) as lift
    from {{ ref('mart_risk_validation') }}
    where measure_code = 'top_lift'
        and model_code = 'additive'
        and horizon_code = 'long'
        and is_chosen
),

-- A rule has a row for all, even if it never opened an alert, and for every value with churn, even if it caught none.
cells as (
    select
        warning_kind,
        warning_code,
        dimension_name,
        dimension_value
    from warning_cells
    where dimension_name <> 'channel'
        or dimension_value <> 'none'
    union
    select
        warning_kind,
        warning_code,
        dimension_name,
        dimension_value
    from {{ ref('int_alerts__recall_cells') }}
    union
    select
        warning_kind,
        warning_code,
        'all' as dimension_name,
        'all' as dimension_value
    from codes
),

counted as (
    select
        cells.*,
        codes.warning_class,
        codes.speaks_from,
        coalesce(warning_cells.warnings_count, 0) as warnings_count,
        coalesce(warning_cells.pending_count, 0) as pending_count,
        coalesce(warning_cells.late_count, 0) as late_count,
        coalesce(warning_cells.circular_count, 0) as circular_count,
        coalesce(warning_cells.spared_count, 0) as spared_count,
        {%- for part in ['precision', 'confirmed', 'churn_acted', 'churn_not_acted', 'recovered'] %}
        coalesce(warning_cells.{{ part }}_num, 0) as {{ part }}_num,
        coalesce(warning_cells.{{ part }}_den, 0) as {{ part }}_den,
        {%- endfor %}
        coalesce(recalls.recall_num, 0) as recall_num,
        coalesce(recalls.recall_den, 0) as recall_den,
        recalls.median_lead_days,
        recalls.median_lead_ci_lo,
        recalls.median_lead_ci_hi,
        coalesce(bases.base_num, 0) as base_num,
        coalesce(bases.base_den, 0) as base_den,
        -- A notice foresees nothing, so there is nothing to compare with warning about everybody.
        case when codes.warning_class = 'warning' then bases.base_num end as compared_num,
        case when cells.dimension_name = 'all' and codes.warning_class = 'warning' then scores.lift end
            as score_lift_avg
    from cells
    cross join scores
    inner join codes
        on cells.warning_kind = codes.warning_kind
        and cells.warning_code = codes.warning_code
    left join warning_cells
        on cells.warning_kind = warning_cells.warning_kind
        and cells.warning_code = warning_cells.warning_code
        and cells.dimension_name = warning_cells.dimension_name
        and cells.dimension_value = warning_cells.dimension_value
    left join {{ ref('int_alerts__recall_cells') }} as recalls
        on cells.warning_kind = recalls.warning_kind
        and cells.warning_code = recalls.warning_code
        and cells.dimension_name = recalls.dimension_name
        and cells.dimension_value = recalls.dimension_value
    left join {{ ref('int_alerts__base_cells') }} as bases
        on cells.warning_kind = bases.warning_kind
        and cells.warning_code = bases.warning_code
        and cells.dimension_name = bases.dimension_name
        and cells.dimension_value = bases.dimension_value
)

select
    warning_kind,
    warning_code,
    warning_class as class_code,
    dimension_name,
    dimension_value,
    cast(warnings_count as bigint) as warnings_count,
    cast(pending_count as bigint) as pending_count,
    cast(late_count as bigint) as late_count,
    cast(circular_count as bigint) as circular_count,
    cast(spared_count as bigint) as spared_count,
    {%- for part in ['precision', 'confirmed', 'recall', 'base'] %}
    cast({{ part }}_num as bigint) as {{ part }}_num,
    cast({{ part }}_den as bigint) as {{ part }}_den,
    {{ pct(part ~ '_num', part ~ '_den') }} as {{ part }}_pct,
    cast({{ wilson_pct(part ~ '_num', part ~ '_den', 'lo') }} as {{ type_double() }}) as {{ part }}_ci_lo,
    cast({{ wilson_pct(part ~ '_num', part ~ '_den', 'hi') }} as {{ type_double() }}) as {{ part }}_ci_hi,
    {%- endfor %}
    cast(1.0 * precision_num * base_den / nullif(precision_den * compared_num, 0) as {{ type_double() }}) as lift_avg,
    {%- for side in ['lo', 'hi'] %}
    cast({{ ratio_ci('precision_num', 'precision_den', 'compared_num', 'base_den', side) }} as {{ type_double() }})
        as lift_avg_ci_{{ side }},
    {%- endfor %}
    cast(score_lift_avg as {{ type_double() }}) as score_lift_avg,
    cast(median_lead_days as {{ type_double() }}) as median_lead_days,
    cast(median_lead_ci_lo as {{ type_double() }}) as median_lead_days_ci_lo,
    cast(median_lead_ci_hi as {{ type_double() }}) as median_lead_days_ci_hi,
    {%- for part in ['churn_acted', 'churn_not_acted', 'recovered'] %}
    cast({{ part }}_num as bigint) as {{ part }}_num,
    cast({{ part }}_den as bigint) as {{ part }}_den,
    {{ pct(part ~ '_num', part ~ '_den') }} as {{ part }}_pct,
    {%- endfor %}
    circular_count > 0 as is_circular,
    pending_count = 0 as is_complete,
    {{ is_reliable('precision_den + confirmed_den') }} as is_reliable,
    speaks_from as measurable_from_date
from counted
