-- Which segment is content or discontent with what (FBK-24): counted answers by the topics of their comments. Of NPS
-- these are the answers that its index counts: the latest of each customer in the quarter, in the headline programme.
with topics as (
    select distinct
        response_id,
        topic_code
    from {{ ref('fct_feedback_signals') }}
    where response_id is not null
        and topic_code is not null
),

answers as (
    select
        answers.response_id,
        answers.metric_code,
        answers.score_box,
        coalesce(touches.usage_segment, 'unassigned') as segment_code,
        {{ period_start('quarter', 'answers.response_date') }} as answer_quarter
    from {{ ref('int_cx__answers') }} as answers
    left join {{ ref('int_cx__responses') }} as touches
        on answers.response_id = touches.response_id
    where answers.metric_code in ('csi', 'csat')
        or (
            answers.metric_code = 'nps'
            and answers.is_headline
            and coalesce(
                {{ period_start('quarter', 'answers.next_answer_date') }}
                > {{ period_start('quarter', 'answers.response_date') }},
                true
            )
        )
),

-- A comment on two topics counts for both, so topics do not add up to all.
told as (
    select
        *,
        'all' as topic_code
    from answers
    union all
    select
        answers.*,
        topics.topic_code
    from answers
    inner join topics
        on answers.response_id = topics.response_id
),

counted as (
    select
        answer_quarter,
        coalesce(segment_code, 'all') as segment_code,
        metric_code,
        topic_code,
        count(*) as answers_count,
        count(case when score_box = 'top' then 1 end) as satisfied_count,
        count(case when score_box = 'bottom' then 1 end) as dissatisfied_count
    from told
    group by grouping sets (
        (answer_quarter, metric_code, topic_code),
        (answer_quarter, segment_code, metric_code, topic_code)
    )
)

select
    counted.segment_code,
    counted.topic_code,
    counted.metric_code,
    cast(counted.answers_count as bigint) as answers_count,
    cast(counted.satisfied_count as bigint) as satisfied_num,
    cast(counted.answers_count as bigint) as satisfied_den,
    {{ pct('counted.satisfied_count', 'counted.answers_count') }} as satisfied_pct,
    cast(counted.dissatisfied_count as bigint) as dissatisfied_num,
    cast(counted.answers_count as bigint) as dissatisfied_den,
    {{ pct('counted.dissatisfied_count', 'counted.answers_count') }} as dissatisfied_pct,
    case
        when counted.metric_code = 'nps'
            then {{ cx_index(
                "'net'", 'counted.answers_count', 'counted.satisfied_count', 'counted.dissatisfied_count', '0'
            ) }}
    end as nps_points,
    {{ add_months('counted.answer_quarter', 3) }} <= {{ add_days('run_context.as_of_date', 1) }} as is_complete,
    {{ is_reliable('counted.answers_count') }} as is_reliable,
    counted.answer_quarter
from counted
cross join {{ ref('run_context') }} as run_context
