-- FBK-02, FBK-05: who said what about which topic, in which source. A ticket and a signal that was found in it are two
-- rows of one place, so that places are counted once.
with voiced as (
    select
        customer_id,
        response_date as voiced_date
    from {{ ref('fct_survey_responses') }}
    where response_date is not null
    union all
    select
        customer_id,
        opened_date as voiced_date
    from {{ ref('fct_tickets') }}
    where is_complaint
),

bad_answers as (
    select
        response_id,
        max(case when score_box = 'bottom' then 1 else 0 end) = 1 as has_bad_score,
        max(nps_group) as nps_group
    from {{ ref('fct_survey_scores') }}
    group by response_id
),

signals as (
    select
        case when response_id is not null then 'survey' else 'text_signal' end as source_kind,
        case
            when response_id is not null then 'response ' || response_id
            when source_type = 'ticket' and source_id is not null then 'ticket ' || source_id
            else 'signal ' || signal_id
        end as place_key,
        response_id,
        customer_id,
        stage_code,
        coalesce(topic_code, 'untagged') as topic_code,
        case
            when topic_code is null then 'none'
            when model_version is not null then 'model'
            else 'human'
        end as topic_origin,
        model_version,
        -sentiment >= (select policy.negative_sentiment_score from {{ ref('policy') }} as policy) as is_negative_text,
        not is_direct and response_id is null as is_indirect,
        false as is_complaint,
        false as is_question,
        occurred_date
    from {{ ref('fct_feedback_signals') }}
    where topic_code is not null
        or response_id is null
),

tickets as (
    select
        'ticket' as source_kind,
        'ticket ' || ticket_id as place_key,
        cast(null as {{ dbt.type_string() }}) as response_id,
        customer_id,
        stage_code,
        coalesce(topic_code, 'untagged') as topic_code,
        case when topic_code is null then 'none' else 'human' end as topic_origin,
        cast(null as {{ dbt.type_string() }}) as model_version,
        is_complaint as is_negative_text,
        false as is_indirect,
        is_complaint,
        is_question,
        opened_date as occurred_date
    from {{ ref('fct_tickets') }}
),

-- Comments that nobody tagged are read by the words of the policy.
comments as (
    select
        'survey' as source_kind,
        'response ' || responses.response_id as place_key,
        responses.response_id,
        responses.customer_id,
        responses.stage_code,
        coalesce(found.topic_code, 'untagged') as topic_code,
        case when found.topic_code is null then 'none' else 'keyword' end as topic_origin,
        cast(null as {{ dbt.type_string() }}) as model_version,
        false as is_negative_text,
        false as is_indirect,
        false as is_complaint,
        false as is_question,
        responses.response_date as occurred_date
    from {{ ref('fct_survey_responses') }} as responses
    left join signals
        on responses.response_id = signals.response_id
    left join {{ ref('fct_comment_topics') }} as found
        on responses.response_id = found.response_id
    where responses.has_comment
        and responses.response_date is not null
        and signals.response_id is null
),

mentions as (
    select * from signals
    union all
    select * from tickets
    union all
    select * from comments
),

payers as (
    select
        customer_id,
        min(purchased_date) as first_paid_date
    from {{ ref('fct_purchases') }}
    group by customer_id
),

described as (
    select
        mentions.*,
        coalesce(mentions.is_negative_text, false) or coalesce(bad_answers.has_bad_score, false) as is_negative,
        coalesce(bad_answers.nps_group, nps.nps_group, 'unknown') as nps_group,
        coalesce(usage_segment.segment_code, 'unassigned') as segment_code,
        coalesce(status.is_customer, false) as is_customer,
        case
            when mentions.customer_id is null then 'anonymous'
            when coalesce(payers.first_paid_date > mentions.occurred_date, true) then 'unpaid_new'
            when mentions.occurred_date < {{ add_days('payers.first_paid_date', 'policy.new_customer_days') }}
                then 'new'
            else 'tenured'
        end as customer_group,
        {{ add_days('mentions.occurred_date', '-policy.unvoiced_days') }} as unvoiced_from_date,
        {{ add_days('mentions.occurred_date', 'policy.unvoiced_days') }} as unvoiced_to_date
    from mentions
    cross join {{ ref('policy') }} as policy
    left join bad_answers
        on mentions.response_id = bad_answers.response_id
    left join payers
        on mentions.customer_id = payers.customer_id
    left join {{ ref('customer_nps_periods') }} as nps
        on mentions.customer_id = nps.customer_id
        and {{ holds_at('nps', 'mentions.occurred_date') }}
    {{ attributes_as_of('mentions', 'mentions.occurred_date', ['status', 'usage_segment']) }}
),

heard as (
    select distinct described.place_key
    from described
    inner join voiced
        on described.customer_id = voiced.customer_id
        and voiced.voiced_date between described.unvoiced_from_date and described.unvoiced_to_date
    where described.is_indirect
        and described.is_negative
)

select
    described.source_kind,
    described.place_key,
    described.customer_id,
    described.topic_code,
    described.topic_origin,
    described.model_version,
    described.stage_code,
    described.segment_code,
    described.nps_group,
    described.customer_group,
    described.is_customer,
    described.is_negative,
    described.is_complaint,
    described.is_question,
    described.is_indirect,
    -- Whether the customer gives no feedback is known when the days after the signal are over.
    case
        when described.is_indirect and described.is_negative and described.customer_id is not null
            then case
                    when heard.place_key is not null then false
                    when described.unvoiced_to_date <= run_context.as_of_date then true
                end
    end as is_unvoiced,
    described.occurred_date
from described
cross join {{ ref('run_context') }} as run_context
left join heard
    on described.place_key = heard.place_key
