-- Answers in their groups and segments: under the topic `all` those that the index of the quarter counts, under the
-- topics of comments every answer with a comment.
{{ config(materialized=inlined()) }}
with loyalty as (
    select
        response_id,
        customer_id,
        cli_category,
        response_date,
        row_number() over (
            partition by customer_id, {{ period_start('quarter', 'response_date') }}
            order by submitted_at desc, response_id desc
        ) as choice
    from {{ ref('int_cx__loyalty') }}
),

scores as (
    select
        response_id,
        customer_id,
        metric_code,
        score_box as answer_group,
        response_date
    from {{ ref('fct_survey_scores') }}
    where score_box is not null
    union all
    select
        response_id,
        customer_id,
        'cli' as metric_code,
        cli_category as answer_group,
        response_date
    from loyalty
),

-- Answers that the index counts: in its own programme, the latest of each customer in the quarter.
indexed as (
    select
        response_id,
        metric_code,
        'all' as topic_code
    from {{ ref('int_cx__answers') }}
    where score_box is not null
        and is_headline
        and coalesce(
            {{ period_start('quarter', 'next_answer_date') }} > {{ period_start('quarter', 'response_date') }},
            true
        )
    union all
    select
        response_id,
        'cli' as metric_code,
        'all' as topic_code
    from loyalty
    where choice = 1
),

-- Every comment counts. Two signals of one topic in a comment are one mention; a comment on two topics counts for both.
comments as (
    select distinct
        response_id,
        coalesce(topic_code, 'untagged') as topic_code
    from {{ ref('fct_feedback_signals') }}
    where response_id is not null
),

payers as (
    select
        customer_id,
        min(purchased_date) as first_paid_date
    from {{ ref('fct_purchases') }}
    group by customer_id
),

mentions as (
    select
        scores.*,
        indexed.topic_code
    from scores
    inner join indexed
        on scores.response_id = indexed.response_id
        and scores.metric_code = indexed.metric_code
    union all
    select
        scores.*,
        comments.topic_code
    from scores
    inner join comments
        on scores.response_id = comments.response_id
)

-- Customers who had not paid by the day of their answer stay new for that answer.
select
    mentions.response_id,
    mentions.customer_id,
    mentions.metric_code,
    mentions.answer_group,
    mentions.topic_code,
    coalesce(touches.usage_segment, 'unassigned') as usage_segment,
    mentions.customer_id is not null
    and coalesce(payers.first_paid_date > mentions.response_date, true) as is_unpaid_new,
    {{ period_start('quarter', 'mentions.response_date') }} as answer_quarter
from mentions
left join {{ ref('int_cx__responses') }} as touches
    on mentions.response_id = touches.response_id
left join payers
    on mentions.customer_id = payers.customer_id
