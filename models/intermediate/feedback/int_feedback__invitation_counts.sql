-- Invitations of a month and their outcomes: together, by survey and channel, by touchpoint, by wave of the
-- roll-out, and by the attributes of the customer on that day. Every breakdown adds up to all.
with waves as (
    -- The first wave that the tenure fits into; earlier waves are for shorter tenures.
    select
        invitations.invitation_id,
        min(waves.wave) as wave
    from {{ ref('fct_survey_invitation_outcomes') }} as invitations
    inner join {{ ref('dim_customers') }} as customers
        on invitations.customer_id = customers.customer_id
    inner join {{ ref('survey_rollout') }} as waves
        on waves.max_tenure_months is null
        or invitations.sent_date < {{ add_months('customers.registered_date', 'waves.max_tenure_months + 1') }}
    group by invitations.invitation_id
),

violations as (
    select
        invitation_id,
        max(case when rule_code = 'quiet_period' then 1 end) as too_soon_mark,
        max(case when rule_code = 'outside_rollout' then 1 end) as outside_mark
    from {{ ref('int_feedback__survey_violations') }}
    where rule_code in ('quiet_period', 'outside_rollout')
    group by invitation_id
),

invitations as (
    select
        invitations.*,
        {{ period_start('month', 'invitations.sent_date') }} as sent_month,
        coalesce(invitations.channel, 'unknown') as channel_code,
        coalesce(invitations.stage_code, 'unassigned') as asked_stage,
        coalesce(invitations.touchpoint_code, 'unassigned') as asked_touchpoint,
        coalesce('wave ' || cast(waves.wave as {{ dbt.type_string() }}), 'unassigned') as wave_label,
        coalesce(invitations.started_at, invitations.answered_at) as begun_at,
        case when waves.wave is not null and invitations.is_suppressible then invitations.customer_id end
            as rollout_customer_id,
        responses.has_comment,
        responses.main_score,
        violations.too_soon_mark,
        violations.outside_mark,
        {{ dbt.dateadd('day', 'policy.late_answer_days', 'invitations.sent_at') }} as late_from
    from {{ ref('fct_survey_invitation_outcomes') }} as invitations
    cross join {{ ref('policy') }} as policy
    left join {{ ref('fct_survey_responses') }} as responses
        on invitations.response_id = responses.response_id
    left join waves
        on invitations.invitation_id = waves.invitation_id
    left join violations
        on invitations.invitation_id = violations.invitation_id
),

attributed as (
    {{ with_attributes('invitations', 'sent_date') }}
),

dropoffs as (
    select
        coalesce(attribute_name, 'none') as broken_down_by,
        coalesce(attribute_value, 'all') as attribute_value,
        coalesce(survey_code, 'all') as survey_code,
        coalesce(channel_code, 'all') as channel_code,
        coalesce(asked_stage, 'all') as stage_code,
        coalesce(asked_touchpoint, 'all') as touchpoint_code,
        coalesce(wave_label, 'all') as wave_label,
        last_question_code,
        count(*) as dropoffs_count,
        sent_month
    from attributed
    where started_at is not null
        and not is_complete
        and last_question_code is not null
    group by
        grouping sets (
            (sent_month, attribute_name, attribute_value, last_question_code),
            (sent_month, attribute_name, attribute_value, last_question_code, survey_code, channel_code),
            (sent_month, attribute_name, attribute_value, last_question_code, asked_stage, asked_touchpoint),
            (sent_month, attribute_name, attribute_value, last_question_code, wave_label)
        )
),

most_dropoffs as (
    select
        *,
        row_number() over (
            partition by
                sent_month, survey_code, channel_code, stage_code, touchpoint_code, wave_label, broken_down_by,
                attribute_value
            order by dropoffs_count desc, last_question_code asc
        ) as choice
    from dropoffs
    where broken_down_by = 'none'
        or (survey_code = 'all' and stage_code = 'all' and wave_label = 'all')
),

counted as (
    select
        coalesce(attribute_name, 'none') as broken_down_by,
        coalesce(attribute_value, 'all') as attribute_value,
        case
            when attribute_name is not null then attribute_name
            when grouping(survey_code) = 0 then 'survey_channel'
            when grouping(asked_stage) = 0 then 'touchpoint'
            when grouping(wave_label) = 0 then 'wave'
            else 'all'
        end as dimension_name,
        coalesce(survey_code, 'all') as survey_code,
        coalesce(channel_code, 'all') as channel_code,
        coalesce(asked_stage, 'all') as stage_code,
        coalesce(asked_touchpoint, 'all') as touchpoint_code,
        coalesce(wave_label, 'all') as wave_label,
        count(*) as invited_count,
        count(shown_at) as shown_count,
        count(case when is_reached then 1 end) as reached_count,
        count(begun_at) as begun_count,
        count(answered_at) as answered_count,
        count(case when is_reached then answered_at end) as reached_answered_count,
        count(case when is_complete then 1 end) as completed_count,
        count(case when answered_at is not null and has_comment then 1 end) as commented_count,
        avg(main_score) as main_score_avg,
        count(case when answered_at >= late_from then 1 end) as late_answers_count,
        count(case when is_reached then unsubscribed_at end) as unsubscribed_count,
        count(too_soon_mark) as too_soon_count,
        count(case when quiet_days > 0 then 1 end) as quiet_count,
        count(case when rollout_customer_id is not null then outside_mark end) as outside_count,
        count(rollout_customer_id) as rollout_count,
        count(distinct rollout_customer_id) as rollout_customers_count,
        avg(question_count) as questions_avg,
        percentile_cont(0.5) within group (
            order by case when is_complete then {{ elapsed_seconds('started_at', 'answered_at') }} end
        ) as median_seconds,
        sent_month
    from attributed
    group by
        grouping sets (
            (sent_month, attribute_name, attribute_value),
            (sent_month, attribute_name, attribute_value, survey_code, channel_code),
            (sent_month, attribute_name, attribute_value, asked_stage, asked_touchpoint),
            (sent_month, attribute_name, attribute_value, wave_label)
        )
)

select
    counted.*,
    most_dropoffs.last_question_code as dropoff_question_code
from counted
left join most_dropoffs
    on counted.sent_month = most_dropoffs.sent_month
    and counted.survey_code = most_dropoffs.survey_code
    and counted.channel_code = most_dropoffs.channel_code
    and counted.stage_code = most_dropoffs.stage_code
    and counted.touchpoint_code = most_dropoffs.touchpoint_code
    and counted.wave_label = most_dropoffs.wave_label
    and counted.broken_down_by = most_dropoffs.broken_down_by
    and counted.attribute_value = most_dropoffs.attribute_value
    and most_dropoffs.choice = 1
-- A row of an attribute counts in no other breakdown.
where counted.broken_down_by = 'none'
    or (counted.survey_code = 'all' and counted.stage_code = 'all' and counted.wave_label = 'all')
