with mentions as (
    select
        {{ period_start('quarter', 'responses.response_date') }} as feedback_quarter,
        scores.nps_group as nps_group_code,
        coalesce(signals.topic_code, 'untagged') as topic_code,
        signals.topic_code is not null as is_tagged,
        -- Two signals of one topic in one comment are one wish.
        count(distinct signals.response_id) as mentions_count,
        count(distinct responses.customer_id) as customers_count
    from {{ ref('fct_feedback_signals') }} as signals
    inner join {{ ref('fct_survey_responses') }} as responses
        on signals.response_id = responses.response_id
        and responses.submitted_at is not null
    inner join {{ ref('fct_survey_scores') }} as scores
        on signals.response_id = scores.response_id
        and scores.metric_code = 'nps'
    group by
        {{ period_start('quarter', 'responses.response_date') }},
        scores.nps_group,
        coalesce(signals.topic_code, 'untagged'),
        signals.topic_code is not null
),

ranked as (
    select
        *,
        sum(case when is_tagged then mentions_count end) over (
            partition by feedback_quarter, nps_group_code
        ) as tagged_count,
        row_number() over (
            partition by feedback_quarter, nps_group_code, is_tagged order by mentions_count desc, topic_code asc
        ) as topic_order,
        sum(mentions_count) over (
            partition by feedback_quarter, nps_group_code, is_tagged
            order by mentions_count desc, topic_code asc
            rows between unbounded preceding and current row
        ) as cumulative_count
    from mentions
)

select
    nps_group_code,
    topic_code,
    case when is_tagged then cast(topic_order as bigint) end as topic_order,
    cast(customers_count as bigint) as customers_count,
    cast(mentions_count as bigint) as mentions_count,
    case when is_tagged then cast(mentions_count as bigint) end as wishes_num,
    case when is_tagged then cast(tagged_count as bigint) end as wishes_den,
    case when is_tagged then {{ pct('mentions_count', 'tagged_count') }} end as wishes_pct,
    case when is_tagged then {{ pct('cumulative_count', 'tagged_count') }} end as cumulative_pct,
    case when is_tagged then cumulative_count - mentions_count < tagged_count / 2.0 end as is_in_half,
    {{ add_months('feedback_quarter', '3') }} <= (
        select {{ add_days('run_context.as_of_date', 1) }} from {{ ref('run_context') }} as run_context
    ) as is_complete,
    {{ is_reliable('coalesce(tagged_count, 0)') }} as is_reliable,
    feedback_quarter
from ranked
