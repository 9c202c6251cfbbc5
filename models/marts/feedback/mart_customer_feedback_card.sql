with cases as (
    select
        source_kind,
        source_id,
        case_state,
        row_number() over (partition by source_kind, source_id order by opening_order desc) as recency
    from {{ ref('mart_feedback_cases') }}
),

topics as (
    select
        response_id,
        topic_code,
        row_number() over (partition by response_id order by occurred_at, signal_id) as nth
    from {{ ref('fct_feedback_signals') }}
    where response_id is not null
        and topic_code is not null
),

events as (
    select
        'response:' || response_id || ':' || metric_code as feedback_key,
        customer_id,
        'response' as source_kind,
        response_id as source_id,
        'survey' as feedback_source,
        survey_code,
        stage_code,
        touchpoint_code,
        metric_code,
        case when metric_code = 'nps' then nps_group end as nps_group_code,
        cast(null as {{ dbt.type_string() }}) as topic_code,
        metric_score,
        cast(null as double) as sentiment_score,
        has_comment,
        true as is_direct,
        submitted_at as occurred_at
    from {{ ref('int_feedback__scores') }}
    where customer_id is not null
    union all
    select
        'response:' || responses.response_id as feedback_key,
        responses.customer_id,
        'response' as source_kind,
        responses.response_id as source_id,
        'survey' as feedback_source,
        responses.survey_code,
        responses.stage_code,
        responses.touchpoint_code,
        cast(null as {{ dbt.type_string() }}) as metric_code,
        cast(null as {{ dbt.type_string() }}) as nps_group_code,
        cast(null as {{ dbt.type_string() }}) as topic_code,
        cast(null as integer) as metric_score,
        cast(null as double) as sentiment_score,
        responses.has_comment,
        true as is_direct,
        responses.submitted_at as occurred_at
    from {{ ref('fct_survey_responses') }} as responses
    left join {{ ref('int_feedback__scores') }} as scores
        on responses.response_id = scores.response_id
    where responses.submitted_at is not null
        and responses.customer_id is not null
        and scores.response_id is null
    union all
    select
        'ticket:' || ticket_id as feedback_key,
        customer_id,
        'ticket' as source_kind,
        ticket_id as source_id,
        'complaint' as feedback_source,
        cast(null as {{ dbt.type_string() }}) as survey_code,
        stage_code,
        'support' as touchpoint_code,
        cast(null as {{ dbt.type_string() }}) as metric_code,
        cast(null as {{ dbt.type_string() }}) as nps_group_code,
        topic_code,
        cast(null as integer) as metric_score,
        cast(null as double) as sentiment_score,
        false as has_comment,
        true as is_direct,
        opened_at as occurred_at
    from {{ ref('fct_tickets') }}
    where is_complaint
    union all
    -- What was found in a comment stands beside its response.
    select
        'signal:' || signal_id as feedback_key,
        customer_id,
        'signal' as source_kind,
        signal_id as source_id,
        source_type as feedback_source,
        cast(null as {{ dbt.type_string() }}) as survey_code,
        stage_code,
        source_type as touchpoint_code,
        cast(null as {{ dbt.type_string() }}) as metric_code,
        cast(null as {{ dbt.type_string() }}) as nps_group_code,
        topic_code,
        cast(null as integer) as metric_score,
        sentiment as sentiment_score,
        false as has_comment,
        is_direct,
        occurred_at
    from {{ ref('fct_feedback_signals') }}
    where customer_id is not null
        and response_id is null
)

select
    events.feedback_key,
    events.customer_id,
    status.status as customer_status,
    events.source_kind,
    events.source_id,
    events.feedback_source,
    events.survey_code,
    events.stage_code,
    events.touchpoint_code,
    events.metric_code,
    events.nps_group_code,
    coalesce(events.topic_code, topics.topic_code) as topic_code,
    cases.case_state,
    cast(events.metric_score as bigint) as metric_score,
    events.sentiment_score,
    status.is_paying,
    events.has_comment,
    events.is_direct,
    row_number() over (
        partition by events.customer_id, coalesce(events.stage_code, '(none)'), coalesce(events.metric_code, '(none)')
        order by events.occurred_at desc, events.feedback_key desc
    ) = 1 as is_last_of_stage,
    {{ business_date('events.occurred_at') }} as occurred_date,
    events.occurred_at
from events
-- By a key that only responses have: a condition on the left side alone would compare all with all.
left join topics
    on case when events.source_kind = 'response' then events.source_id end = topics.response_id
    and topics.nth = 1
left join cases
    on events.source_kind = cases.source_kind
    and events.source_id = cases.source_id
    and cases.recency = 1
{{ attributes_as_of('events', business_date('events.occurred_at'), ['status']) }}
