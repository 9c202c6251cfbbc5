select
    responses.response_id,
    coalesce(scores.metric_code, 'none') as metric_code,
    responses.customer_id,
    responses.survey_code,
    responses.programme,
    responses.status as response_status,
    scores.score_box as score_group_code,
    scores.nps_group,
    touches.status as customer_status,
    coalesce(touches.usage_segment, 'unassigned') as usage_segment_code,
    coalesce(touches.value_segment, 'unassigned') as value_segment_code,
    coalesce(touches.plan_code, 'none') as plan_code,
    coalesce(touches.tenure_band, 'unknown') as tenure_band,
    coalesce(touches.owner_id, 'unassigned') as owner_id,
    coalesce(touches.region, 'unknown') as region,
    coalesce(responses.channel, 'unknown') as channel_code,
    coalesce(responses.stage_code, 'none') as stage_code,
    coalesce(responses.touchpoint_code, 'none') as touchpoint_code,
    coalesce(responses.trigger_type, 'uninvited') as trigger_kind,
    responses.trigger_key,
    responses.ticket_id,
    responses.subject_employee_id,
    responses.subject_unit as subject_unit_code,
    coalesce(touches.ticket_topic, 'none') as ticket_topic_code,
    cast(coalesce(touches.tickets_before_count, 0) as bigint) as tickets_before_count,
    scores.score as metric_score,
    cast(responses.answers_count as bigint) as answers_count,
    cast(responses.rejected_answers_count as bigint) as rejected_answers_count,
    touches.mrr_amount,
    case when touches.response_id is not null then touches.status = 'paying' end as is_paying,
    scores.is_base,
    scores.is_headline,
    scores.is_whole and responses.customer_id is not null and responses.programme is not null as is_counted,
    case
        when responses.customer_id is not null
            then row_number() over (
                    partition by responses.customer_id, coalesce(responses.stage_code, 'none'), scores.metric_code
                    order by responses.submitted_at desc, responses.response_id desc
                ) = 1
    end as is_last_of_stage,
    responses.has_comment,
    responses.is_complete,
    responses.response_date,
    responses.submitted_at
from {{ ref('fct_survey_responses') }} as responses
left join {{ ref('fct_survey_scores') }} as scores
    on responses.response_id = scores.response_id
left join {{ ref('int_cx__responses') }} as touches
    on responses.response_id = touches.response_id
where responses.response_date is not null
