-- Counts behind precision, recall and lead time of every warning, in all and by each dimension, and their rates.
{% set breakdowns = {'segment': 'segment_value', 'status': 'customer_status'} %}
{% set with_channel = dict(breakdowns, channel='channel_value') %}
{% set codes = ['warning_kind', 'warning_code'] %}
with warnings as (
    select
        warnings.*,
        coalesce(warnings.segment_code, 'unassigned') as segment_value,
        coalesce(warnings.acted_channel_code, 'none') as channel_value
    from {{ ref('int_alerts__warnings') }} as warnings
    -- Before events are recorded nothing could warn, so churn of that time says nothing about a rule.
    where warnings.warned_date >= {{ observed_from('events') }}
),

-- Caught in time: a warning before the churn, but not so long before it that the two are unrelated.
caught as (
    select
        warnings.warning_kind,
        warnings.warning_code,
        churns.customer_id,
        churns.tenure_number,
        churns.segment_code as segment_value,
        churns.customer_status,
        max({{ days_between('warnings.warned_date', 'churns.churned_date') }}) as lead_days
    from {{ ref('int_alerts__churns') }} as churns
    cross join {{ ref('policy') }} as policy
    inner join warnings
        on churns.customer_id = warnings.customer_id
        and churns.churned_date > warnings.warned_date
        and {{ days_between('warnings.warned_date', 'churns.churned_date') }} <= policy.alert_outcome_days
    group by
        warnings.warning_kind, warnings.warning_code,
        churns.customer_id, churns.tenure_number, churns.segment_code, churns.customer_status
),

warning_cells as (
    select
        warning_kind,
        warning_code,
        {{ breakdown_columns(with_channel) }},
        count(*) as warnings_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature then 1 end) as precision_den,
        count(case when is_mature and is_followed then 1 end) as precision_num,
        count(case when is_mature and is_acted then 1 end) as churn_acted_den,
        count(case when is_mature and is_acted and is_followed then 1 end) as churn_acted_num,
        count(case when is_mature and not is_acted then 1 end) as churn_not_acted_den,
        count(case when is_mature and not is_acted and is_followed then 1 end) as churn_not_acted_num,
        count(case when is_acted and is_recovery_mature then 1 end) as recovered_den,
        count(case when is_acted and is_recovery_mature and is_recovered then 1 end) as recovered_num
    from warnings
    group by {{ breakdown_sets(with_channel, codes) }}
),

caught_cells as (
    select
        warning_kind,
        warning_code,
        {{ breakdown_columns(breakdowns) }},
        count(*) as recall_num,
        percentile_cont(0.5) within group (order by lead_days) as median_lead_days
    from caught
    group by {{ breakdown_sets(breakdowns, codes) }}
),

warning_codes as (
    select
        warning_kind,
        warning_code
    from warnings
    union
    select
        'rule' as warning_kind,
        rule_code as warning_code
    from {{ ref('dim_alert_rules') }}
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
        warning_codes.warning_kind,
        warning_codes.warning_code,
        bases.dimension_name,
        bases.dimension_value
    from warning_codes
    inner join {{ ref('int_alerts__base_cells') }} as bases
        on bases.churned_count > 0
        or bases.dimension_name = 'all'
),

counted as (
    select
        cells.*,
        coalesce(warning_cells.warnings_count, 0) as warnings_count,
        coalesce(warning_cells.pending_count, 0) as pending_count,
        {%- for part in ['precision', 'churn_acted', 'churn_not_acted', 'recovered'] %}
        coalesce(warning_cells.{{ part }}_num, 0) as {{ part }}_num,
        coalesce(warning_cells.{{ part }}_den, 0) as {{ part }}_den,
        {%- endfor %}
        coalesce(caught_cells.recall_num, 0) as recall_num,
        caught_cells.median_lead_days,
        coalesce(bases.churned_count, 0) as churned_count,
        coalesce(bases.base_num, 0) as base_num,
        coalesce(bases.base_den, 0) as base_den
    from cells
    left join warning_cells
        on cells.warning_kind = warning_cells.warning_kind
        and cells.warning_code = warning_cells.warning_code
        and cells.dimension_name = warning_cells.dimension_name
        and cells.dimension_value = warning_cells.dimension_value
    left join caught_cells
        on cells.warning_kind = caught_cells.warning_kind
        and cells.warning_code = caught_cells.warning_code
        and cells.dimension_name = caught_cells.dimension_name
        and cells.dimension_value = caught_cells.dimension_value
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
    cast({{ wilson_pct('precision_num', 'precision_den', 'lo') }} as {{ type_double() }}) as precision_ci_lo,
    cast({{ wilson_pct('precision_num', 'precision_den', 'hi') }} as {{ type_double() }}) as precision_ci_hi,
    cast(recall_num as bigint) as recall_num,
    cast(churned_count as bigint) as recall_den,
    {{ pct('recall_num', 'churned_count') }} as recall_pct,
    cast({{ wilson_pct('recall_num', 'churned_count', 'lo') }} as {{ type_double() }}) as recall_ci_lo,
    cast({{ wilson_pct('recall_num', 'churned_count', 'hi') }} as {{ type_double() }}) as recall_ci_hi,
    cast(base_num as bigint) as base_num,
    cast(base_den as bigint) as base_den,
    {{ pct('base_num', 'base_den') }} as base_pct,
    cast({{ wilson_pct('base_num', 'base_den', 'lo') }} as {{ type_double() }}) as base_ci_lo,
    cast({{ wilson_pct('base_num', 'base_den', 'hi') }} as {{ type_double() }}) as base_ci_hi,
    cast(1.0 * precision_num * base_den / nullif(precision_den * base_num, 0) as {{ type_double() }}) as lift_avg,
    cast(median_lead_days as {{ type_double() }}) as median_lead_days,
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
from counted
