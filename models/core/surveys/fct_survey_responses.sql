{%- set scored = ['nps', 'csi', 'csat', 'ces', 'onboarding_rating'] -%}
{%- set loyalty = ['recommend', 'continue', 'buy_more', 'switch'] -%}
with responses as (
    select
        responses.*,
        {{ business_date('coalesce(responses.started_at, responses.submitted_at)') }} as begun_date,
        -- A response sent in after the business day is still open as of that day.
        coalesce(responses.submitted_at < run_context.as_of_end_at, false) as is_submitted,
        case when responses.submitted_at < run_context.as_of_end_at then responses.response_id end
            as submitted_response_id
    from {{ ref('stg_surveys__survey_responses') }} as responses
    inner join {{ ref('run_context') }} as run_context
        on coalesce(responses.started_at, responses.submitted_at) < run_context.as_of_end_at
    left join {{ ref('customer_registrations') }} as customers
        on responses.customer_id = customers.customer_id
    -- Anonymous answers count; answers of test accounts and deleted customers do not.
    where responses.customer_id is null or customers.customer_id is not null
),

scores as (
    select
        response_id,
        {%- for metric in scored %}
        max(case when metric_code = '{{ metric }}' then directed_score end) as {{ metric }}_score,
        max(case when metric_code = '{{ metric }}' then score_box end) as {{ metric }}_box,
        {%- endfor %}
        {%- for part in loyalty %}
        max(case when metric_code = 'cli' and metric_part = '{{ part }}' then directed_score end)
            as cli_{{ part }}_score,
        {%- endfor %}
        max(case when metric_code = 'cli' and metric_part = 'switch' and directed_score is not null then score end)
            as cli_switch_answer,
        count(case when metric_code = 'cli' and directed_score is not null then 1 end) as cli_answers_count,
        sum(case when metric_code = 'cli' then directed_score end) as cli_points,
        sum(case when metric_code = 'cli' and directed_score is not null then score end) as cli_plain_points,
        count(case when reject_reason is null and (score is not null or option_code is not null or has_text) then 1 end)
            as answers_count,
        count(reject_reason) as rejected_answers_count,
        coalesce(max(case when has_text then 1 end), 0) = 1 as has_comment
    from {{ ref('fct_survey_answers') }}
    group by response_id
)

select
    responses.response_id,
    responses.invitation_id,
    responses.customer_id,
    responses.survey_code,
    surveys.programme,
    invitations.trigger_type,
    invitations.trigger_key,
    coalesce(responses.channel, invitations.channel) as channel,
    coalesce(responses.stage_code, invitations.stage_code) as stage_code,
    coalesce(responses.touchpoint_code, invitations.touchpoint_code) as touchpoint_code,
    coalesce(responses.ticket_id, invitations.ticket_id) as ticket_id,
    responses.subject_employee_id,
    responses.subject_unit,
    case when responses.is_submitted then responses.status else 'open' end as status,
    case scores.nps_box when 'top' then 'promoter' when 'middle' then 'passive' when 'bottom' then 'detractor' end
        as nps_group,
    {%- for metric in scored if metric != 'nps' %}
    scores.{{ metric }}_box,
    {%- endfor %}
    {%- for metric in scored %}
    scores.{{ metric }}_score,
    {%- endfor %}
    {%- for part in loyalty %}
    scores.cli_{{ part }}_score,
    {%- endfor %}
    scores.cli_switch_answer,
    -- The index needs all four answers: the mean of three would be another index.
    case
        when scores.cli_answers_count = {{ loyalty | length }}
            then cast(scores.cli_points / {{ loyalty | length }}.0 as double)
    end as cli,
    case
        when scores.cli_answers_count = {{ loyalty | length }}
            then cast(scores.cli_plain_points / {{ loyalty | length }}.0 as double)
    end as cli_plain,
    coalesce(scores.cli_answers_count, 0) as cli_answers_count,
    coalesce(scores.answers_count, 0) as answers_count,
    coalesce(scores.rejected_answers_count, 0) as rejected_answers_count,
    responses.is_submitted and responses.status = 'complete' as is_complete,
    coalesce(scores.has_comment, false) as has_comment,
    responses.begun_date,
    case when responses.is_submitted then responses.submitted_date end as response_date,
    invitations.sent_at,
    responses.started_at,
    case when responses.is_submitted then responses.submitted_at end as submitted_at
from responses
left join {{ ref('surveys') }} as surveys
    on responses.survey_code = surveys.survey_code
left join {{ ref('stg_surveys__survey_invitations') }} as invitations
    on responses.invitation_id = invitations.invitation_id
-- An answer counts when the response was sent in, complete or partial. The condition is part of the key: with a
-- condition on one side alone the engine compares all pairs.
left join scores
    on responses.submitted_response_id = scores.response_id
