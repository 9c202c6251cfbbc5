-- Every metric of the catalogue, cell by cell, in one shape. A rate that is not measurable has no parts either, so that
-- dividing them gives the same. dbt must know all relations before it reads the catalogue, so they are listed here.
{% set relations = [
    'mart_activation_cohort',
    'mart_amends',
    'mart_churn_events',
    'mart_churn_monthly',
    'mart_churn_quality',
    'mart_club_members',
    'mart_commission_clawback',
    'mart_contact_kpi',
    'mart_contact_relevance',
    'mart_coupon_redemption',
    'mart_customer_contact_status',
    'mart_customer_value',
    'mart_cx_indices',
    'mart_experiments',
    'mart_feedback_cases',
    'mart_funnel_abandonments',
    'mart_funnel_conversion',
    'mart_improvement_backlog',
    'mart_inbound_answers',
    'mart_incidents',
    'mart_loyalty_programs',
    'mart_plan_moves',
    'mart_promise_keeping',
    'mart_replenishment',
    'mart_sales',
    'mart_second_purchases',
    'mart_service_levels',
    'mart_usage_health',
    'mart_usage_health_summary',
    'mart_usage_lifecycle',
    'customer_breakdowns',
    'dim_customer_attributes',
    'policy',
    'run_context',
] %}
{% for relation in relations %}
-- depends_on: {{ ref(relation) }}
{% endfor %}
{% for metric in metric_catalogue() %}
{{ 'with measured as (' if loop.first }}
{%- set mart = metric.published %}
{%- set dimensions = mart.get('breakdowns') or {mart.get('is_summed'): 'value_code'} %}
{%- set has_attributes = 'attributes_on' in mart %}
{%- set factor = '1.0' if metric.unit == 'score' else '100.0' %}
{#- A mean of days is not a share. Points are not units: a customer has many of them. #}
{%- set has_interval = metric.unit == 'percent' and mart.get('interval') != 'none' %}
select
    '{{ metric.code }}' as metric_code,
    '{{ mart.period_grain }}' as period_grain_code,
    {%- if mart.get('breakdowns') or mart.get('is_summed') %}
    -- A mart of facts, or one without rows over everybody, is added up here.
    cells.dimension_name,
    cells.dimension_value,
    '{{ metric.unit }}' as unit_code,
    cells.numerator_amount,
    cells.denominator_amount,
    {{ factor }} * cells.numerator_amount / nullif(cells.denominator_amount, 0) as metric_amount,
    {%- for side in ['lo', 'hi'] %}
    {%- if has_interval %}
    {{ wilson_pct('cells.numerator_amount', 'cells.denominator_amount', side) }} as metric_amount_ci_{{ side }},
    {%- else %}
    cast(null as {{ type_double() }}) as metric_amount_ci_{{ side }},
    {%- endif %}
    {%- endfor %}
    cells.pending_count = 0 as is_complete,
    {%- if mart.get('interval') == 'none' %}
    cells.unreliable_count = 0 as is_reliable,
    {%- else %}
    {{ is_reliable('cells.denominator_amount') }} as is_reliable,
    {%- endif %}
    cells.period_start_date,
    {{ 'true' if mart.get('grace') else 'false' }} as has_grace
from (
    with facts as (
        select
            {%- for name, column in mart.get('breakdowns', {}).items() %}
            coalesce({{ column }}, 'unassigned') as {{ column }},
            {%- endfor %}
            {%- if mart.get('is_summed') %}
            {{ mart.member }} as value_code,
            {%- endif %}
            {%- if has_attributes %}
            customer_id,
            {{ business_date(mart.attributes_on) if mart.attributes_on.endswith('_at') else mart.attributes_on }}
                as attributes_date,
            {%- endif %}
            cast({{ mart.period }} as date) as period_start_date,
            {{ mart.numerator }} as numerator_amount,
            {{ mart.denominator }} as denominator_amount,
            {%- if mart.get('interval') == 'none' %}
            is_reliable,
            {%- endif %}
            {{ mart.get('is_complete', 'is_complete') or 'true' }} as is_complete
        from {{ ref(mart.mart) }} as facts
        cross join {{ ref('run_context') }} as run_context
        {% if mart.get('where') %}
        where {{ mart.where }}
        {% endif %}
    ),

    broken_down as (
        {{ breakdowns_with_attributes('facts', dimensions, 'attributes_date') if has_attributes
            else breakdowns('facts', dimensions) }}
    )

    select
        dimension_name,
        dimension_value,
        period_start_date,
        cast(sum(numerator_amount) as {{ type_double() }}) as numerator_amount,
        cast(sum(denominator_amount) as {{ type_double() }}) as denominator_amount,
        {%- if mart.get('interval') == 'none' %}
        count(case when not is_reliable then 1 end) as unreliable_count,
        {%- endif %}
        count(case when not is_complete then 1 end) as pending_count
    from broken_down
    group by dimension_name, dimension_value, period_start_date
) as cells
    {%- else %}
    cast({{ mart.get('dimension', 'dimension_name') }} as {{ dbt.type_string() }}) as dimension_name,
    cast({{ mart.get('member', 'dimension_value') }} as {{ dbt.type_string() }}) as dimension_value,
    '{{ metric.unit }}' as unit_code,
    {%- for name in ['numerator', 'denominator'] %}
    {%- if metric.unit == 'percent' %}
    cast(
        case when {{ mart.column }} is not null or {{ mart.denominator }} = 0 then {{ mart[name] }} end
        as {{ type_double() }}
    ) as {{ name }}_amount,
    {%- else %}
    cast({{ mart.get(name) or 'null' }} as {{ type_double() }}) as {{ name }}_amount,
    {%- endif %}
    {%- endfor %}
    cast({{ mart.column }} as {{ type_double() }}) as metric_amount,
    cast({{ mart.get('ci_lo') or 'null' }} as {{ type_double() }}) as metric_amount_ci_lo,
    cast({{ mart.get('ci_hi') or 'null' }} as {{ type_double() }}) as metric_amount_ci_hi,
    cast({{ mart.get('is_complete', 'is_complete') or 'null' }} as boolean) as is_complete,
    cast({{ mart.get('is_reliable', 'is_reliable') or 'null' }} as boolean) as is_reliable,
    cast({{ mart.period }} as date) as period_start_date,
    false as has_grace
from {{ ref(mart.mart) }}
{% if mart.get('where') %}
where {{ mart.where }}
{% endif %}
    {%- endif %}
{{ 'union all' if not loop.last else ')' }}
{% if loop.last %}

select
    measured.metric_code,
    measured.period_grain_code,
    measured.dimension_name,
    measured.dimension_value,
    measured.unit_code,
    measured.numerator_amount,
    measured.denominator_amount,
    measured.metric_amount,
    measured.metric_amount_ci_lo,
    measured.metric_amount_ci_hi,
    -- Where nothing is pending yet in a running period, something may still come.
    measured.is_complete
    and {{ is_over('measured.period_grain_code', 'measured.period_start_date', add_days(
        'run_context.as_of_date', 'case when measured.has_grace then -policy.churn_grace_days else 0 end'
    )) }} as is_complete,
    measured.is_reliable,
    measured.period_start_date
from measured
cross join {{ ref('run_context') }} as run_context
cross join {{ ref('policy') }} as policy
{% endif %}
{% endfor %}
