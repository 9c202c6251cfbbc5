{%- set shares = {
    'promoter': ['is_promoter', 'is_promoter is not null'],
    'top_value': ['is_top_value', 'is_top_value is not null'],
    'warm_exit': ['is_warm_exit', 'basis_code is not null'],
    'complained_after': ['has_complained_after', 'is_winback_mature'],
    'reactivated': ['is_reactivated_in_window', 'is_winback_mature'],
    'reactivated_contacted': [
        'is_reactivated_after_landmark', 'is_landmark_mature and is_churned_at_landmark and is_contacted_by_landmark'
    ],
    'reactivated_uncontacted': [
        'is_reactivated_after_landmark', 'is_landmark_mature and is_churned_at_landmark and not is_contacted_by_landmark'
    ],
} -%}
{%- set dimensions = {'segment': 'segment_value', 'status': 'customer_status'} -%}
with cuts as (
    select
        'all' as dimension_name,
        'all' as dimension_value,
        events.*
    from {{ ref('mart_churn_events') }} as events
    union all
    select
        'segment' as dimension_name,
        coalesce(events.segment_code, 'unassigned') as dimension_value,
        events.*
    from {{ ref('mart_churn_events') }} as events
    union all
    select
        'status' as dimension_name,
        events.customer_status as dimension_value,
        events.*
    from {{ ref('mart_churn_events') }} as events
),

counted as (
    select
        dimension_name,
        dimension_value,
        churned_month,
        count(*) as churned_count,
        {%- for share, (part, whole) in shares.items() %}
        count(case when {{ part }} and {{ whole }} then 1 end) as {{ share }}_num,
        count(case when {{ whole }} then 1 end) as {{ share }}_den,
        {%- endfor %}
        count(case when not is_winback_mature then 1 end) as pending_count,
        count(case when not is_landmark_mature then 1 end) as landmark_pending_count,
        count(case when is_landmark_mature and not is_churned_at_landmark then 1 end)
            as reactivated_before_landmark_count,
        count(case when winback_attempted_at is not null then 1 end) as attempted_count,
        count(case when is_winback_contacted then 1 end) as contacted_count,
        sum(tenure_days) as tenure_days,
        count(case when unconverted_count > 0 then 1 end) as unconverted_count,
        sum(lost_mrr_amount) as lost_mrr_amount,
        sum(revenue_12m_amount) as revenue_12m_amount,
        sum(revenue_after_reactivation_amount) as revenue_after_reactivation_amount
    from cuts
    group by dimension_name, dimension_value, churned_month
),

rated as (
    select
        {%- for share in shares %}
        {{ pct(share ~ '_num', share ~ '_den') }} as {{ share }}_pct,
        {%- if share.startswith('re') %}
        {{ wilson_pct(share ~ '_num', share ~ '_den', 'lo') }} as {{ share }}_ci_lo,
        {{ wilson_pct(share ~ '_num', share ~ '_den', 'hi') }} as {{ share }}_ci_hi,
        {%- endif %}
        {%- endfor %}
        *
    from counted
),

-- How many promoters there were among all customers when the month began, by the last score of each.
scored as (
    select
        coalesce(ends.segment_code, 'unassigned') as segment_value,
        ends.customer_status,
        cast({{ dbt.dateadd('month', 1, 'ends.month_date') }} as date) as churned_month,
        scores.nps_group
    from {{ ref('customer_nps_periods') }} as scores
    inner join {{ ref('dim_customer_month_end') }} as ends
        on scores.customer_id = ends.customer_id
        and scores.valid_from <= {{ add_days('ends.month_end_date', 1) }}
        and scores.valid_to > {{ add_days('ends.month_end_date', 1) }}
),

bases as (
    select
        {{ breakdown_columns(dimensions) }},
        churned_month,
        count(*) as scored_count,
        count(case when nps_group = 'promoter' then 1 end) as promoters_count
    from scored
    group by {{ breakdown_sets(dimensions, ['churned_month']) }}
)

select
    rated.dimension_name,
    rated.dimension_value,
    cast(rated.churned_count as bigint) as churned_count,
    cast(rated.pending_count as bigint) as pending_count,
    cast(rated.landmark_pending_count as bigint) as landmark_pending_count,
    cast(rated.reactivated_before_landmark_count as bigint) as reactivated_before_landmark_count,
    cast(rated.attempted_count as bigint) as winback_attempted_count,
    cast(rated.contacted_count as bigint) as winback_contacted_count,
    {%- for share in shares %}
    cast(rated.{{ share }}_num as bigint) as {{ share }}_num,
    cast(rated.{{ share }}_den as bigint) as {{ share }}_den,
    rated.{{ share }}_pct,
    {%- if share.startswith('re') %}
    rated.{{ share }}_ci_lo,
    rated.{{ share }}_ci_hi,
    rated.{{ share }}_den >= policy.min_reliable_count as is_{{ share }}_reliable,
    {%- endif %}
    {%- endfor %}
    rated.reactivated_contacted_pct - rated.reactivated_uncontacted_pct as reactivated_difference_pp,
    {%- for side in ['lo', 'hi'] %}
    {{ newcombe_pp('rated.reactivated_contacted', 'rated.reactivated_uncontacted', side) }}
        as reactivated_difference_ci_{{ side }},
    {%- endfor %}
    true as is_confounded,
    cast(coalesce(bases.promoters_count, 0) as bigint) as base_promoter_num,
    cast(coalesce(bases.scored_count, 0) as bigint) as base_promoter_den,
    {{ pct('bases.promoters_count', 'bases.scored_count') }} as base_promoter_pct,
    {{ pct(
        '(1.0 * rated.promoter_num / nullif(rated.promoter_den, 0))',
        '(1.0 * bases.promoters_count / nullif(bases.scored_count, 0))'
    ) }} as promoter_lift_pct,
    cast(1.0 * rated.tenure_days / rated.churned_count as double) as tenure_days_avg,
    cast(rated.unconverted_count as bigint) as unconverted_count,
    cast(case
        when rated.unconverted_count = 0 then coalesce(rated.lost_mrr_amount, 0)
        else rated.lost_mrr_amount
    end as decimal(18, 2)) as lost_mrr_amount,
    cast(rated.revenue_12m_amount as decimal(18, 2)) as revenue_12m_amount,
    cast(case
        when rated.unconverted_count = 0 then coalesce(rated.revenue_after_reactivation_amount, 0)
        else rated.revenue_after_reactivation_amount
    end as decimal(18, 2)) as revenue_after_reactivation_amount,
    months.is_complete and rated.unconverted_count = 0 as is_complete,
    months.is_final and rated.unconverted_count = 0 as is_final,
    months.is_final and rated.unconverted_count = 0 and rated.pending_count = 0 as is_winback_complete,
    months.is_final and rated.unconverted_count = 0 and rated.landmark_pending_count = 0 as is_landmark_complete,
    rated.churned_count >= policy.min_reliable_count as is_reliable,
    rated.churned_month
from rated
inner join {{ ref('dim_months') }} as months
    on rated.churned_month = months.month_date
left join bases
    on rated.dimension_name = bases.dimension_name
    and rated.dimension_value = bases.dimension_value
    and rated.churned_month = bases.churned_month
cross join {{ ref('policy') }} as policy
