{{ config(materialized=inlined('view')) }}
-- All feedback that somebody has to look at, with or without a case (FBK-07).
with signals as (
    select
        case when response_id is not null then 'response' else source_type end as source_kind,
        coalesce(response_id, source_id) as source_id,
        topic_code,
        sentiment,
        occurred_at,
        signal_id
    from {{ ref('fct_feedback_signals') }}
    where response_id is not null
        or source_type = 'ticket'
),

-- What was found in a comment or in a ticket belongs to that response or ticket: the first topic, of several at one
-- moment the worst, and the mean sentiment, from decimals because doubles add up to other digits in another order.
tagged as (
    select
        source_kind,
        source_id,
        topic_code,
        cast(avg(cast(sentiment as decimal(18, 9))) over (partition by source_kind, source_id) as {{ type_double() }})
            as sentiment,
        row_number() over (
            partition by source_kind, source_id
            order by
                case when topic_code is null then 1 else 0 end, occurred_at, sentiment nulls last, topic_code, signal_id
        ) as choice
    from signals
),

followups as (
    select
        scores.response_id,
        scores.metric_code,
        scores.metric_score,
        scores.next_score,
        scores.next_at,
        max(case when scores.metric_code = 'nps' then scores.nps_group end) over (partition by scores.response_id)
            as nps_group,
        routes.route_code,
        routes.sla_days,
        routes.score_to,
        row_number() over (
            partition by scores.response_id
            order by
                case when routes.is_followup then 0 else 1 end,
                scores.metric_order nulls last,
                routes.sla_days,
                routes.route_code
        ) as choice
    from {{ ref('int_feedback__scores') }} as scores
    left join {{ ref('score_routes') }} as routes
        on scores.metric_code = routes.metric_code
        and scores.metric_score between routes.score_from and routes.score_to
        and routes.is_followup
),

items as (
    select
        'response' as source_kind,
        responses.response_id as source_id,
        responses.customer_id,
        responses.survey_code,
        responses.stage_code,
        responses.touchpoint_code,
        followups.metric_code,
        followups.nps_group as nps_group_code,
        tagged.topic_code,
        responses.subject_employee_id,
        responses.subject_unit,
        followups.metric_score,
        followups.next_score,
        case when responses.customer_id is not null then followups.sla_days end as sla_days,
        followups.score_to as low_up_to_score,
        tagged.sentiment,
        responses.has_comment,
        true as is_direct,
        -- Nobody can come back to an anonymous answer.
        followups.route_code is not null and responses.customer_id is not null as is_followup_required,
        responses.submitted_at as received_at,
        cast(null as timestamp) as replied_at,
        cast(null as timestamp) as settled_at,
        cast(null as timestamp) as known_at,
        followups.next_at
    from {{ ref('fct_survey_responses') }} as responses
    left join followups
        on responses.response_id = followups.response_id
        and followups.choice = 1
    left join tagged
        on responses.response_id = tagged.source_id
        and tagged.source_kind = 'response'
        and tagged.choice = 1
    where responses.submitted_at is not null
    union all
    select
        'ticket' as source_kind,
        tickets.ticket_id as source_id,
        tickets.customer_id,
        cast(null as {{ dbt.type_string() }}) as survey_code,
        tickets.stage_code,
        'support' as touchpoint_code,
        cast(null as {{ dbt.type_string() }}) as metric_code,
        cast(null as {{ dbt.type_string() }}) as nps_group_code,
        coalesce(tickets.topic_code, tagged.topic_code) as topic_code,
        tickets.first_assigned_employee_id as subject_employee_id,
        cast(null as {{ dbt.type_string() }}) as subject_unit,
        cast(null as integer) as metric_score,
        cast(null as integer) as next_score,
        policy.complaint_due_days as sla_days,
        cast(null as integer) as low_up_to_score,
        tagged.sentiment,
        false as has_comment,
        true as is_direct,
        true as is_followup_required,
        tickets.opened_at as received_at,
        tickets.answered_at as replied_at,
        tickets.resolved_at as settled_at,
        -- Closing a ticket informs the customer.
        tickets.closed_at as known_at,
        cast(null as timestamp) as next_at
    from {{ ref('fct_tickets') }} as tickets
    cross join {{ ref('policy') }} as policy
    left join tagged
        on tickets.ticket_id = tagged.source_id
        and tagged.source_kind = 'ticket'
        and tagged.choice = 1
    where tickets.is_complaint
    union all
    select
        'signal' as source_kind,
        signal_id as source_id,
        customer_id,
        cast(null as {{ dbt.type_string() }}) as survey_code,
        stage_code,
        source_type as touchpoint_code,
        cast(null as {{ dbt.type_string() }}) as metric_code,
        cast(null as {{ dbt.type_string() }}) as nps_group_code,
        topic_code,
        cast(null as {{ dbt.type_string() }}) as subject_employee_id,
        cast(null as {{ dbt.type_string() }}) as subject_unit,
        cast(null as integer) as metric_score,
        cast(null as integer) as next_score,
        cast(null as integer) as sla_days,
        cast(null as integer) as low_up_to_score,
        sentiment,
        false as has_comment,
        is_direct,
        false as is_followup_required,
        occurred_at as received_at,
        replied_at,
        cast(null as timestamp) as settled_at,
        cast(null as timestamp) as known_at,
        cast(null as timestamp) as next_at
    from {{ ref('fct_feedback_signals') }}
    where response_id is null
        and source_type not in ('survey_comment', 'ticket')
)

select * from items
union all
-- Cases about something that the warehouse does not hold: the feedback itself is only known by its case.
select
    'case' as source_kind,
    cases.case_id as source_id,
    cases.customer_id,
    cast(null as {{ dbt.type_string() }}) as survey_code,
    cast(null as {{ dbt.type_string() }}) as stage_code,
    cast(null as {{ dbt.type_string() }}) as touchpoint_code,
    cast(null as {{ dbt.type_string() }}) as metric_code,
    cast(null as {{ dbt.type_string() }}) as nps_group_code,
    cast(null as {{ dbt.type_string() }}) as topic_code,
    cases.subject_employee_id,
    cases.subject_unit,
    cast(null as integer) as metric_score,
    cast(null as integer) as next_score,
    cast(null as integer) as sla_days,
    cast(null as integer) as low_up_to_score,
    cast(null as {{ type_double() }}) as sentiment,
    cast(null as boolean) as has_comment,
    cast(null as boolean) as is_direct,
    false as is_followup_required,
    cases.opened_at as received_at,
    cast(null as timestamp) as replied_at,
    cast(null as timestamp) as settled_at,
    cast(null as timestamp) as known_at,
    cast(null as timestamp) as next_at
from {{ ref('fct_feedback_cases') }} as cases
left join items
    on cases.source_type = items.source_kind
    and cases.source_id = items.source_id
where items.source_id is null
