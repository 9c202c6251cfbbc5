with events as (
    select
        events.*,
        coalesce(events.segment_code, 'unassigned') as segment_value
    from {{ ref('mart_churn_events') }} as events
),

cuts as (
    select
        'all' as dimension_name,
        'all' as dimension_value,
        events.*
    from events
    union all
    select
        'segment' as dimension_name,
        segment_value as dimension_value,
        events.*
    from events
    union all
    select
        'status' as dimension_name,
        customer_status as dimension_value,
        events.*
    from events
),

groups as (
    select
        dimension_name,
        dimension_value,
        churned_month,
        count(*) as churned_count
    from cuts
    group by dimension_name, dimension_value, churned_month
),

listed as (
    select
        reason_code,
        min(category) as reason_category_code
    from {{ ref('dim_churn_reasons') }}
    group by reason_code
    union all
    select
        'unknown' as reason_code,
        'unknown' as reason_category_code
    union all
    select
        'unlisted' as reason_code,
        'other' as reason_category_code
),

counted as (
    select
        dimension_name,
        dimension_value,
        churned_month,
        reason_code,
        count(*) as churned_count,
        count(case when is_voluntary then 1 end) as voluntary_count,
        count(case when is_exit_asked then 1 end) as asked_count,
        count(case when has_prior_signal then 1 end) as signalled_count,
        count(case when basis_code = 'contract' and lost_mrr_amount is null then 1 end) as unconverted_count,
        sum(lost_mrr_amount) as lost_mrr_amount
    from cuts
    group by dimension_name, dimension_value, churned_month, reason_code
),

topics as (
    select
        dimension_name,
        dimension_value,
        churned_month,
        reason_code,
        prior_topic_code,
        row_number() over (
            partition by dimension_name, dimension_value, churned_month, reason_code
            order by count(*) desc, prior_topic_code asc
        ) as choice
    from cuts
    where prior_topic_code is not null
    group by dimension_name, dimension_value, churned_month, reason_code, prior_topic_code
)

select
    groups.dimension_name,
    groups.dimension_value,
    listed.reason_code,
    listed.reason_category_code,
    topics.prior_topic_code as top_prior_topic_code,
    cast(coalesce(counted.churned_count, 0) as bigint) as churn_share_num,
    cast(groups.churned_count as bigint) as churn_share_den,
    {{ pct('coalesce(counted.churned_count, 0)', 'groups.churned_count') }} as churn_share_pct,
    cast(coalesce(counted.voluntary_count, 0) as bigint) as churned_voluntary_count,
    cast(coalesce(counted.asked_count, 0) as bigint) as asked_num,
    cast(coalesce(counted.churned_count, 0) as bigint) as asked_den,
    {{ pct('counted.asked_count', 'counted.churned_count') }} as asked_pct,
    cast(coalesce(counted.signalled_count, 0) as bigint) as prior_signal_num,
    cast(coalesce(counted.churned_count, 0) as bigint) as prior_signal_den,
    {{ pct('counted.signalled_count', 'counted.churned_count') }} as prior_signal_pct,
    cast(coalesce(counted.unconverted_count, 0) as bigint) as unconverted_count,
    cast(case
        when counted.unconverted_count > 0 then counted.lost_mrr_amount
        else coalesce(counted.lost_mrr_amount, 0)
    end as decimal(18, 2)) as lost_mrr_amount,
    months.is_complete and coalesce(counted.unconverted_count, 0) = 0 as is_complete,
    months.is_final and coalesce(counted.unconverted_count, 0) = 0 as is_final,
    {{ is_reliable('groups.churned_count') }} as is_reliable,
    groups.churned_month
from groups
cross join listed
inner join {{ ref('dim_months') }} as months
    on groups.churned_month = months.month_date
left join counted
    on groups.dimension_name = counted.dimension_name
    and groups.dimension_value = counted.dimension_value
    and groups.churned_month = counted.churned_month
    and listed.reason_code = counted.reason_code
left join topics
    on groups.dimension_name = topics.dimension_name
    and groups.dimension_value = topics.dimension_value
    and groups.churned_month = topics.churned_month
    and listed.reason_code = topics.reason_code
    and topics.choice = 1
