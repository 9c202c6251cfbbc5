{{ config(materialized=inlined('view')) }}
-- Invitations, answers in time and completed responses: additive, so counted once by month and breakdown.
{%- set dimensions = cx_dimensions() %}
with first_answers as (
    select
        invitation_id,
        min(response_date) as answered_date
    from {{ ref('fct_survey_responses') }}
    where response_date is not null
        and invitation_id is not null
    group by invitation_id
),

asked as (
    select
        touches.customer_id,
        touches.survey_code,
        touches.touch_date,
        touches.touch_month,
        {%- for dimension in dimensions %}
        touches.{{ dimension }},
        {%- endfor %}
        {{ days_between('touches.touch_date', 'run_context.as_of_date') }} < invitations.response_window_days
            as is_pending,
        coalesce(
            {{ days_between('touches.touch_date', 'first_answers.answered_date') }} <= invitations.response_window_days,
            false
        ) as is_answered_in_time,
        coalesce(outcomes.is_reached, false) as is_reached,
        false as is_begun,
        false as is_complete
    from {{ ref('int_cx__touches') }} as touches
    cross join {{ ref('run_context') }} as run_context
    inner join {{ ref('fct_survey_invitations') }} as invitations
        on touches.touch_id = invitations.invitation_id
    inner join {{ ref('fct_survey_invitation_outcomes') }} as outcomes
        on touches.touch_id = outcomes.invitation_id
    left join first_answers
        on touches.touch_id = first_answers.invitation_id
    where touches.touch_kind = 'invitation'
        and invitations.response_window_days is not null
    union all
    select
        touches.customer_id,
        touches.survey_code,
        touches.touch_date,
        touches.touch_month,
        {%- for dimension in dimensions %}
        touches.{{ dimension }},
        {%- endfor %}
        false as is_pending,
        false as is_answered_in_time,
        false as is_reached,
        true as is_begun,
        responses.is_complete
    from {{ ref('int_cx__responses') }} as touches
    inner join {{ ref('fct_survey_responses') }} as responses
        on touches.response_id = responses.response_id
),

broken_down as (
    {{ breakdowns_with_attributes('asked', cx_columns(), 'touch_date') }}
)

select
    survey_code,
    touch_month,
    dimension_name,
    dimension_value,
    count(case when not is_begun and not is_pending and is_answered_in_time then 1 end) as responded_num,
    count(case when not is_begun and not is_pending then 1 end) as responded_den,
    count(case when not is_begun and not is_pending and is_reached and is_answered_in_time then 1 end)
        as reached_responded_num,
    count(case when not is_begun and not is_pending and is_reached then 1 end) as reached_responded_den,
    count(case when is_pending then 1 end) as pending_count,
    count(case when is_complete then 1 end) as completed_num,
    count(case when is_begun then 1 end) as completed_den
from broken_down
group by survey_code, touch_month, dimension_name, dimension_value
