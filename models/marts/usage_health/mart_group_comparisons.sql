{% set comparisons = {
    'component_breadth': 'int_usage__compared_breadth',
    'component_adoption': 'int_usage__compared_adopters',
    'component_failures': 'int_usage__compared_failures',
    'first_tour': 'int_usage__compared_tours',
    'learning_format': 'int_usage__compared_formats',
    'release': 'int_usage__compared_releases',
    'use_before_churn': 'int_usage__compared_last_uses',
} %}
with compared as (
    {%- for comparison, relation in comparisons.items() %}
    select
        '{{ comparison }}' as comparison_code,
        subject_code,
        subject_label,
        component_code,
        dimension_name,
        dimension_value,
        group_code,
        group_order,
        outcome_code,
        horizon_days,
        members_count,
        pending_count,
        excluded_count,
        outcome_num,
        outcome_den,
        reference_group_code,
        median_days,
        is_complete,
        is_changed_again,
        started_date
    from {{ ref(relation) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

bounded as (
    select
        *,
        {{ pct('outcome_num', 'outcome_den') }} as outcome_pct,
        {{ wilson_pct('outcome_num', 'outcome_den', 'lo') }} as outcome_ci_lo,
        {{ wilson_pct('outcome_num', 'outcome_den', 'hi') }} as outcome_ci_hi,
        {{ is_reliable('outcome_den') }} as is_reliable
    from compared
)

select
    own.comparison_code,
    own.subject_code,
    own.subject_label,
    own.component_code,
    own.dimension_name,
    own.dimension_value,
    own.group_code,
    cast(own.group_order as integer) as group_order,
    own.outcome_code,
    cast(own.horizon_days as bigint) as horizon_days,
    cast(own.members_count as bigint) as members_count,
    cast(own.pending_count as bigint) as pending_count,
    cast(own.excluded_count as bigint) as excluded_count,
    cast(own.outcome_num as bigint) as outcome_num,
    cast(own.outcome_den as bigint) as outcome_den,
    own.outcome_pct,
    own.outcome_ci_lo,
    own.outcome_ci_hi,
    own.reference_group_code,
    cast(own.outcome_pct - reference.outcome_pct as {{ type_double() }}) as difference_pp,
    {{ newcombe_pp('own.outcome', 'reference.outcome', 'lo') }} as difference_ci_lo,
    {{ newcombe_pp('own.outcome', 'reference.outcome', 'hi') }} as difference_ci_hi,
    cast(100.0 * own.outcome_pct / nullif(reference.outcome_pct, 0) as {{ type_double() }}) as outcome_index_score,
    cast(own.median_days as {{ type_double() }}) as median_days,
    own.is_complete,
    own.is_reliable,
    case when reference.group_code is not null then own.is_reliable and reference.is_reliable end
        as is_difference_reliable,
    -- Customers are not assigned to groups at random.
    true as is_confounded,
    own.is_changed_again,
    own.started_date
from bounded as own
left join bounded as reference
    on own.comparison_code = reference.comparison_code
    and own.subject_code = reference.subject_code
    and own.dimension_name = reference.dimension_name
    and own.dimension_value = reference.dimension_value
    and own.outcome_code = reference.outcome_code
    and own.horizon_days = reference.horizon_days
    and own.reference_group_code = reference.group_code
