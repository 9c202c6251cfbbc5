{{ config(materialized=inlined('view')) }}
{%- set dimensions = {'segment': 'segment_value', 'status': 'customer_status', 'stage': 'stage_code'} -%}
{%- set keys = ['dimension_name', 'dimension_value', 'period_grain_code', 'period_start_date'] -%}
{%- set counts = [
    'churned_count', 'observed_churned_count', 'voluntary_count', 'asked_count', 'prior_signal_count', 'promoter_count',
    'scored_count', 'top_value_count', 'valued_count', 'warm_exit_count', 'pending_count', 'complained_after_count',
    'reactivated_count', 'attempted_count', 'contacted_count', 'landmark_pending_count',
    'reactivated_before_landmark_count', 'contacted_at_landmark_count', 'reactivated_contacted_count',
    'uncontacted_at_landmark_count', 'reactivated_uncontacted_count', 'unconverted_count', 'unconverted_mrr_count',
] -%}
with months as (
    {%- for grain, months_count in [('month', 1), ('quarter', 3)] %}
    select
        '{{ grain }}' as period_grain_code,
        {{ months_count }} as months_count,
        {{ period_start(grain, 'month_date') }} as period_start_date,
        month_date,
        is_observed,
        is_complete,
        is_final
    from {{ ref('dim_months') }}
    {{ 'union all' if not loop.last }}{% endfor %}
),

-- A quarter is complete when all three of its months are.
periods as (
    select
        period_grain_code,
        period_start_date,
        sum(case when is_observed then 1 else 0 end) > 0 as is_observed,
        sum(case when is_complete then 1 else 0 end) >= max(months_count) as is_complete,
        sum(case when is_final then 1 else 0 end) >= max(months_count) as is_final
    from months
    group by period_grain_code, period_start_date
),

-- A churn counts once for all reasons and once for its own.
events as (
    {%- for reason in ["'all'", 'churns.reason_code'] %}
    select
        {{ reason }} as counted_reason_code,
        months.period_grain_code,
        months.period_start_date,
        months.is_observed,
        coalesce(churns.segment_code, 'unassigned') as segment_value,
        {{ add_days('churns.churned_date', -1) }} as last_date,
        churns.is_landmark_mature and churns.is_churned_at_landmark as is_compared,
        churns.is_landmark_mature and not churns.is_churned_at_landmark as is_back_before,
        churns.*
    from {{ ref('int_churn__events') }} as churns
    inner join months
        on churns.churned_month = months.month_date
    {{ 'union all' if not loop.last }}{% endfor %}
),

broken_down as (
    {{ breakdowns_with_attributes('events', dimensions, 'last_date', customer='source_customer_id') }}
),

counted as (
    select
        {{ keys | join(',\n        ') }},
        counted_reason_code as reason_code,
        count(*) as churned_count,
        count(case when is_observed then 1 end) as observed_churned_count,
        count(case when is_voluntary then 1 end) as voluntary_count,
        count(case when is_exit_asked then 1 end) as asked_count,
        count(case when has_prior_signal then 1 end) as prior_signal_count,
        count(case when is_promoter then 1 end) as promoter_count,
        count(is_promoter) as scored_count,
        count(case when is_top_value then 1 end) as top_value_count,
        count(is_top_value) as valued_count,
        count(case when is_warm_exit then 1 end) as warm_exit_count,
        count(case when not is_winback_mature then 1 end) as pending_count,
        count(case when is_winback_mature and has_complained_after then 1 end) as complained_after_count,
        count(case when is_winback_mature and is_reactivated_in_window then 1 end) as reactivated_count,
        count(case when winback_attempted_at is not null then 1 end) as attempted_count,
        count(case when is_winback_contacted then 1 end) as contacted_count,
        count(case when not is_landmark_mature then 1 end) as landmark_pending_count,
        count(case when is_back_before then 1 end) as reactivated_before_landmark_count,
        count(case when is_compared and is_contacted_by_landmark then 1 end) as contacted_at_landmark_count,
        count(case when is_compared and is_contacted_by_landmark and is_reactivated_after_landmark then 1 end)
            as reactivated_contacted_count,
        count(case when is_compared and not is_contacted_by_landmark then 1 end) as uncontacted_at_landmark_count,
        count(case when is_compared and not is_contacted_by_landmark and is_reactivated_after_landmark then 1 end)
            as reactivated_uncontacted_count,
        count(case when unconverted_count > 0 then 1 end) as unconverted_count,
        count(case when basis_code = 'contract' and lost_mrr_amount is null then 1 end) as unconverted_mrr_count,
        sum(tenure_days) as tenure_days,
        sum(lost_mrr_amount) as lost_mrr_amount,
        sum(revenue_12m_amount) as revenue_12m_amount,
        sum(revenue_after_reactivation_amount) as revenue_after_reactivation_amount
    from broken_down
    group by {{ (keys + ['counted_reason_code']) | join(', ') }}
),

topic_counts as (
    select
        {{ keys | join(',\n        ') }},
        counted_reason_code as reason_code,
        prior_topic_code,
        count(*) as churned_count
    from broken_down
    where prior_topic_code is not null
    group by {{ (keys + ['counted_reason_code', 'prior_topic_code']) | join(', ') }}
),

topics as (
    select
        *,
        row_number() over (
            partition by {{ keys | join(', ') }}, reason_code
            order by churned_count desc, prior_topic_code asc
        ) as choice
    from topic_counts
),

found_values as (
    select
        dimension_name,
        dimension_value
    from {{ ref('int_churn__openings') }}
    union
    select
        dimension_name,
        dimension_value
    from counted
),

listed_reasons as (
    select
        reason_code,
        min(category) as reason_category_code
    from {{ ref('dim_churn_reasons') }}
    group by reason_code
    union all
    select unnamed.*
    from (values ('unknown', 'unknown'), ('unlisted', 'other')) as unnamed (reason_code, reason_category_code)
),

-- A value has a row in every period, and within a period with a churn one for every reason.
cells as (
    select
        found_values.dimension_name,
        found_values.dimension_value,
        'all' as reason_code,
        'all' as reason_category_code,
        periods.period_grain_code,
        periods.period_start_date,
        periods.is_observed,
        periods.is_complete,
        periods.is_final
    from found_values
    cross join periods
    union all
    select
        counted.dimension_name,
        counted.dimension_value,
        reasons.reason_code,
        reasons.reason_category_code,
        periods.period_grain_code,
        periods.period_start_date,
        periods.is_observed,
        periods.is_complete,
        periods.is_final
    from counted
    inner join periods
        on counted.period_grain_code = periods.period_grain_code
        and counted.period_start_date = periods.period_start_date
    cross join listed_reasons as reasons
    where counted.reason_code = 'all'
)

select
    cells.*,
    {%- for count in counts %}
    cast(coalesce(counted.{{ count }}, 0) as bigint) as {{ count }},
    {%- endfor %}
    topics.prior_topic_code as top_prior_topic_code,
    counted.tenure_days,
    counted.lost_mrr_amount,
    counted.revenue_12m_amount,
    counted.revenue_after_reactivation_amount
from cells
left join counted
    on cells.reason_code = counted.reason_code
    {%- for key in keys %}
    and cells.{{ key }} = counted.{{ key }}
    {%- endfor %}
left join topics
    on cells.reason_code = topics.reason_code
    {%- for key in keys %}
    and cells.{{ key }} = topics.{{ key }}
    {%- endfor %}
    and topics.choice = 1
