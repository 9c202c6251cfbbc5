-- How the answers of each segment divide into groups, in all and by the topics of their comments (FBK-24), and into
-- which loyalty categories its customers fall (CXI-08).
with topics as (
    select distinct
        response_id,
        topic_code
    from {{ ref('fct_feedback_signals') }}
    where response_id is not null
        and topic_code is not null
),

loyalty as (
    select
        response_id,
        cli_category,
        response_date,
        row_number() over (
            partition by customer_id, {{ period_start('quarter', 'response_date') }}
            order by submitted_at desc, response_id desc
        ) as choice
    from {{ ref('int_cx__loyalty') }}
),

-- Of net scores and of loyalty the answers that their index counts: the latest of each customer in the quarter.
answers as (
    select
        answers.response_id,
        answers.metric_code,
        answers.score_box as answer_group,
        answers.response_date
    from {{ ref('int_cx__answers') }} as answers
    inner join {{ ref('dim_survey_metrics') }} as metrics
        on answers.metric_code = metrics.metric_code
    where answers.score_box is not null
        and (
            metrics.index_kind <> 'net'
            or (
                answers.is_headline
                and coalesce(
                    {{ period_start('quarter', 'answers.next_answer_date') }}
                    > {{ period_start('quarter', 'answers.response_date') }},
                    true
                )
            )
        )
    union all
    select
        response_id,
        'cli' as metric_code,
        cli_category as answer_group,
        response_date
    from loyalty
    where choice = 1
),

placed as (
    select
        answers.response_id,
        answers.metric_code,
        answers.answer_group,
        coalesce(touches.usage_segment, 'unassigned') as segment_code,
        {{ period_start('quarter', 'answers.response_date') }} as answer_quarter
    from answers
    left join {{ ref('int_cx__responses') }} as touches
        on answers.response_id = touches.response_id
),

-- A comment on two topics counts for both, so topics do not add up to all.
mentions as (
    select
        *,
        'all' as topic_code
    from placed
    union all
    select
        placed.*,
        topics.topic_code
    from placed
    inner join topics
        on placed.response_id = topics.response_id
),

counted as (
    select
        answer_quarter,
        coalesce(segment_code, 'all') as segment_code,
        metric_code,
        topic_code,
        answer_group,
        count(*) as answers_count
    from mentions
    group by grouping sets (
        (answer_quarter, metric_code, topic_code, answer_group),
        (answer_quarter, segment_code, metric_code, topic_code, answer_group)
    )
),

wholes as (
    select
        answer_quarter,
        segment_code,
        metric_code,
        topic_code,
        sum(answers_count) as answers_count
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
)

select
    wholes.segment_code,
    wholes.topic_code,
    wholes.metric_code,
    answer_groups.answer_group as answer_group_code,
    cast(coalesce(counted.answers_count, 0) as bigint) as group_num,
    cast(wholes.answers_count as bigint) as group_den,
    {{ pct('coalesce(counted.answers_count, 0)', 'wholes.answers_count') }} as group_pct,
    {{ wilson_pct('coalesce(counted.answers_count, 0)', 'wholes.answers_count', 'lo') }} as group_ci_lo,
    {{ wilson_pct('coalesce(counted.answers_count, 0)', 'wholes.answers_count', 'hi') }} as group_ci_hi,
    {{ add_months('wholes.answer_quarter', 3) }} <= {{ add_days('run_context.as_of_date', 1) }} as is_complete,
    {{ is_reliable('wholes.answers_count') }} as is_reliable,
    wholes.answer_quarter
from wholes
cross join {{ ref('run_context') }} as run_context
inner join answer_groups
    on wholes.metric_code = answer_groups.metric_code
left join counted
    on wholes.answer_quarter = counted.answer_quarter
    and wholes.segment_code = counted.segment_code
    and wholes.metric_code = counted.metric_code
    and wholes.topic_code = counted.topic_code
    and answer_groups.answer_group = counted.answer_group
