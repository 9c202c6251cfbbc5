with invitations as (
    select
        invitations.*,
        coalesce(invitations.channel, 'unknown') as channel_code,
        {{ period_start('month', 'invitations.sent_date') }} as sent_month,
        violations.invitation_id is not null as is_too_soon
    from {{ ref('fct_survey_invitation_outcomes') }} as invitations
    left join {{ ref('mart_survey_violations') }} as violations
        on invitations.invitation_id = violations.invitation_id
        and violations.rule_code = 'quiet_period'
),

abandoned as (
    select
        sent_month,
        survey_code,
        channel_code,
        last_question_code,
        row_number() over (
            partition by sent_month, survey_code, channel_code order by count(*) desc, last_question_code
        ) as choice
    from invitations
    where started_at is not null
        and not is_complete
        and last_question_code is not null
    group by sent_month, survey_code, channel_code, last_question_code
),

counted as (
    select
        invitations.sent_month,
        invitations.survey_code,
        invitations.channel_code,
        count(*) as invited_count,
        count(invitations.shown_at) as shown_count,
        -- Only invitations that arrived can be answered; without a delivery report, a view or an answer shows it.
        count(coalesce(
            invitations.delivered_at, invitations.shown_at, invitations.started_at, invitations.answered_at
        )) as reached_count,
        count(coalesce(invitations.started_at, invitations.answered_at)) as started_count,
        count(invitations.answered_at) as answered_count,
        count(case when invitations.is_complete then 1 end) as completed_count,
        count(case when invitations.answered_at >= {{ dbt.dateadd(
            'day', 'policy.late_answer_days', 'sent_at'
        ) }} then 1 end) as late_answers_count,
        count(invitations.unsubscribed_at) as unsubscribed_count,
        count(case when invitations.is_too_soon then 1 end) as too_soon_count,
        count(case when invitations.quiet_days > 0 then 1 end) as too_soon_base,
        sum(invitations.question_count) as questions_count,
        count(invitations.question_count) as questions_base,
        percentile_cont(0.5) within group (
            order by
                case
                    when invitations.is_complete
                        then {{ elapsed_seconds('invitations.started_at', 'invitations.answered_at') }}
                end
        ) as median_seconds
    from invitations
    cross join {{ ref('policy') }} as policy
    group by invitations.sent_month, invitations.survey_code, invitations.channel_code
)

select
    counted.survey_code,
    counted.channel_code,
    abandoned.last_question_code as dropoff_question_code,
    cast(counted.invited_count as bigint) as invited_count,
    cast(counted.shown_count as bigint) as shown_count,
    {% for rate, numerator, denominator in [
        ('response', 'answered_count', 'reached_count'), ('completion', 'completed_count', 'started_count'),
        ('unsubscribed', 'unsubscribed_count', 'reached_count'), ('too_soon', 'too_soon_count', 'too_soon_base'),
    ] -%}
    cast(counted.{{ numerator }} as bigint) as {{ rate }}_num,
    cast(counted.{{ denominator }} as bigint) as {{ rate }}_den,
    {{ pct('counted.' ~ numerator, 'counted.' ~ denominator) }} as {{ rate }}_pct,
    {% endfor -%}
    cast(counted.started_count - counted.completed_count as bigint) as abandoned_count,
    cast(counted.late_answers_count as bigint) as late_answers_count,
    cast(counted.median_seconds as double) as median_seconds,
    cast(1.0 * counted.questions_count / nullif(counted.questions_base, 0) as double) as questions_avg,
    {{ add_days(
        add_months('counted.sent_month', '1'), 'policy.late_answer_days'
    ) }} <= run_context.as_of_date as is_complete,
    counted.reached_count >= policy.min_reliable_count as is_reliable,
    counted.sent_month
from counted
cross join {{ ref('run_context') }} as run_context
left join abandoned
    on counted.sent_month = abandoned.sent_month
    and counted.survey_code = abandoned.survey_code
    and counted.channel_code = abandoned.channel_code
    and abandoned.choice = 1
cross join {{ ref('policy') }} as policy
