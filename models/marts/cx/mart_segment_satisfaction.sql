-- How the answers of each segment divide into groups, in all and by topic (FBK-24, CXI-08), and which topics each group
-- writes about (FBK-16).
with counted as (
    select
        answer_quarter,
        coalesce(usage_segment, 'all') as segment_code,
        metric_code,
        topic_code,
        answer_group,
        count(*) as answers_count,
        count(distinct customer_id) as customers_count,
        count(distinct case when is_unpaid_new then customer_id end) as unpaid_customers_count
    from {{ ref('int_cx__mentions') }}
    group by grouping sets (
        (answer_quarter, metric_code, topic_code, answer_group),
        (answer_quarter, usage_segment, metric_code, topic_code, answer_group)
    )
),

wholes as (
    select
        answer_quarter,
        segment_code,
        metric_code,
        topic_code,
        sum(answers_count) as topic_answers_count
    from counted
    group by answer_quarter, segment_code, metric_code, topic_code
),

-- A group without answers is a row too.
answer_groups as (
    {%- for group in ['at_risk_switcher', 'advocate', 'growing', 'neutral'] %}
    select
        'cli' as metric_code,
        '{{ group }}' as answer_group
    union all
    {%- endfor %}
    {%- for group in ['top', 'middle', 'bottom'] %}
    select
        metric_code,
        '{{ group }}' as answer_group
    from {{ ref('dim_survey_metrics') }}
    where metric_code <> 'cli'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

cells as (
    select
        wholes.*,
        answer_groups.answer_group,
        coalesce(counted.answers_count, 0) as answers_count,
        coalesce(counted.customers_count, 0) as customers_count,
        coalesce(counted.unpaid_customers_count, 0) as unpaid_customers_count,
        -- What new customers who did not give a top score write about comes first in the backlog (FBK-15).
        sum(case when answer_groups.answer_group <> 'top' then counted.unpaid_customers_count end) over (
            partition by wholes.answer_quarter, wholes.segment_code, wholes.metric_code, wholes.topic_code
        ) as unpaid_wishing_count,
        wholes.topic_code not in ('all', 'untagged') as is_topic
    from wholes
    inner join answer_groups
        on wholes.metric_code = answer_groups.metric_code
    left join counted
        on wholes.answer_quarter = counted.answer_quarter
        and wholes.segment_code = counted.segment_code
        and wholes.metric_code = counted.metric_code
        and wholes.topic_code = counted.topic_code
        and answer_groups.answer_group = counted.answer_group
),

ranked as (
    select
        *,
        sum(answers_count) over (
            partition by answer_quarter, segment_code, metric_code, answer_group, is_topic
        ) as group_answers_count,
        dense_rank() over (
            partition by answer_quarter, segment_code, metric_code, is_topic
            order by unpaid_wishing_count desc nulls last
        ) as backlog_order,
        row_number() over (
            partition by answer_quarter, segment_code, metric_code, answer_group, is_topic
            order by answers_count desc, topic_code asc
        ) as topic_order,
        sum(answers_count) over (
            partition by answer_quarter, segment_code, metric_code, answer_group, is_topic
            order by answers_count desc, topic_code asc
            rows between unbounded preceding and current row
        ) as cumulative_count
    from cells
)

select
    ranked.segment_code,
    ranked.topic_code,
    ranked.metric_code,
    ranked.answer_group as answer_group_code,
    case when ranked.is_topic and ranked.answers_count > 0 then cast(ranked.topic_order as bigint) end as topic_order,
    case when ranked.is_topic and ranked.unpaid_wishing_count > 0 then cast(ranked.backlog_order as bigint) end
        as backlog_order,
    cast(ranked.customers_count as bigint) as customers_count,
    cast(ranked.unpaid_customers_count as bigint) as unpaid_customers_count,
    cast(ranked.answers_count as bigint) as group_num,
    cast(ranked.topic_answers_count as bigint) as group_den,
    {{ pct('ranked.answers_count', 'ranked.topic_answers_count') }} as group_pct,
    {{ wilson_pct('ranked.answers_count', 'ranked.topic_answers_count', 'lo') }} as group_ci_lo,
    {{ wilson_pct('ranked.answers_count', 'ranked.topic_answers_count', 'hi') }} as group_ci_hi,
    case when ranked.is_topic then cast(ranked.answers_count as bigint) end as wishes_num,
    case when ranked.is_topic then cast(ranked.group_answers_count as bigint) end as wishes_den,
    case when ranked.is_topic then {{ pct('ranked.answers_count', 'ranked.group_answers_count') }} end as wishes_pct,
    case when ranked.is_topic then {{ pct('ranked.cumulative_count', 'ranked.group_answers_count') }} end
        as cumulative_pct,
    case
        when ranked.is_topic and ranked.group_answers_count > 0
            then ranked.cumulative_count - ranked.answers_count < ranked.group_answers_count / 2.0
    end as is_in_half,
    {{ is_over('quarter', 'ranked.answer_quarter') }} as is_complete,
    {{ is_reliable('ranked.topic_answers_count') }} as is_reliable,
    case when ranked.is_topic then {{ is_reliable('ranked.group_answers_count') }} end as is_wishes_reliable,
    ranked.answer_quarter
from ranked
cross join {{ ref('run_context') }} as run_context
