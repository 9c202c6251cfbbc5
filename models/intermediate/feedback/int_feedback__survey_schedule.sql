-- State of every survey that policy wants to send: sent, due, or what blocks it now and blocked it on its day.
with invitations as (
    select
        customer_id,
        trigger_type,
        schedule_key,
        sent_at,
        sent_date,
        answered_at
    from {{ ref('fct_survey_invitation_outcomes') }}
    where customer_id is not null
        and schedule_key is not null
        and asking_order = 1
),

waves as (
    select * from {{ ref('survey_rollout') }}
),

due as (
    select
        reached.*,
        invitations.sent_at,
        invitations.sent_date,
        invitations.answered_at,
        run_context.as_of_date,
        run_context.as_of_end_at
    from {{ ref('fct_survey_triggers') }} as reached
    cross join {{ ref('run_context') }} as run_context
    left join invitations
        on reached.customer_id = invitations.customer_id
        and reached.trigger_type = invitations.trigger_type
        and reached.schedule_key = invitations.schedule_key
),

-- Surveys that are due and were not sent, and what blocks them. The digit orders the reasons.
unsent as (
    select
        *,
        {{ percent_bucket('customer_id') }} as rollout_bucket
    from due
    where sent_at is null
        and due_date <= as_of_date
),

blocks as (
    select
        due.customer_id,
        due.trigger_type,
        due.schedule_key,
        case periods.block_reason
            when 'do_not_disturb' then '1 do_not_disturb'
            when 'churned' then '2 churned'
            when 'open_complaint' then '3 open_complaint'
            else '4 open_case'
        end as ordered_reason,
        periods.blocked_from,
        periods.blocked_to
    from unsent as due
    inner join {{ ref('survey_blocked_periods') }} as periods
        on due.customer_id = periods.customer_id
        and (periods.is_absolute or due.is_suppressible)
        and coalesce(periods.blocked_to, {{ end_of_time('timestamp') }}) > due.reached_at
    union all
    select
        due.customer_id,
        due.trigger_type,
        due.schedule_key,
        '5 outside_rollout' as ordered_reason,
        due.reached_at as blocked_from,
        cast(null as timestamp) as blocked_to
    from unsent as due
    where due.is_suppressible
        -- Without waves there is no roll-out to be outside of.
        and exists (select 1 from waves)
        and not exists (
            select 1
            from waves
            where {{ day_start_at('waves.start_date') }} <= due.reached_at
                and (
                    waves.max_tenure_months is null
                    or due.due_date < {{ add_months('due.registered_date', 'waves.max_tenure_months + 1') }}
                )
                and due.rollout_bucket < waves.share_pct
        )
    union all
    -- Service surveys keep their distance from each other, all others from all others.
    select
        due.customer_id,
        due.trigger_type,
        due.schedule_key,
        '6 quiet_period' as ordered_reason,
        earlier.sent_at as blocked_from,
        {{ dbt.dateadd('day', 'due.quiet_days', 'earlier.sent_at') }} as blocked_to
    from unsent as due
    inner join {{ ref('fct_survey_invitation_outcomes') }} as earlier
        on due.customer_id = earlier.customer_id
        and (due.trigger_type = 'service') = (coalesce(earlier.trigger_type, 'campaign') = 'service')
        and {{ dbt.dateadd('day', 'due.quiet_days', 'earlier.sent_at') }} > due.reached_at
    where due.quiet_days > 0
),

blocked as (
    select
        blocks.customer_id,
        blocks.trigger_type,
        blocks.schedule_key,
        min(case
            when blocks.blocked_from < run_context.as_of_end_at
                and coalesce(blocks.blocked_to, {{ end_of_time('timestamp') }}) > run_context.as_of_end_at
                then blocks.ordered_reason
        end) as reason_now,
        min(case when blocks.blocked_from <= due.reached_at then blocks.ordered_reason end) as reason_on_due,
        max(case when blocks.blocked_to <= run_context.as_of_end_at then blocks.blocked_to end) as freed_at,
        case
            when count(case when blocks.blocked_to is null then 1 end) = 0 then max(blocks.blocked_to)
        end as blocked_to
    from blocks
    inner join unsent as due
        on blocks.customer_id = due.customer_id
        and blocks.trigger_type = due.trigger_type
        and blocks.schedule_key = due.schedule_key
    cross join {{ ref('run_context') }} as run_context
    group by blocks.customer_id, blocks.trigger_type, blocks.schedule_key
),

dated as (
    select
        due.*,
        blocked.reason_now,
        blocked.reason_on_due,
        blocked.blocked_to,
        greatest(due.reached_at, blocked.freed_at) as sendable_at,
        {{ add_days('due.due_date', 'due.expires_after_days') }} as expires_date
    from due
    left join blocked
        on due.customer_id = blocked.customer_id
        and due.trigger_type = blocked.trigger_type
        and due.schedule_key = blocked.schedule_key
),

stated as (
    select
        dated.*,
        case
            when dated.answered_at is not null then 'answered'
            when dated.sent_at is not null then 'asked'
            when dated.due_date > dated.as_of_date then 'upcoming'
            when dated.expires_date < dated.as_of_date then 'missed'
            when dated.reason_now is not null then 'suppressed'
            when {{ days_between(business_date('sendable_at'), 'dated.as_of_date') }} > policy.survey_overdue_days
                then 'overdue'
            else 'due'
        end as schedule_state
    from dated
    cross join {{ ref('policy') }} as policy
)

select
    stated.customer_id,
    stated.trigger_type,
    stated.schedule_key,
    stated.trigger_key,
    stated.survey_code,
    stated.stage_code,
    stated.touchpoint_code,
    stated.ticket_id,
    stated.schedule_state,
    case stated.schedule_state
        when 'suppressed' then substring(stated.reason_now, 3)
        -- What blocks the customer today began long after an old survey had expired.
        when 'missed' then substring(stated.reason_on_due, 3)
    end as suppress_reason,
    {{ days_between('stated.due_date', 'stated.sent_date') }} as delay_days,
    case
        when stated.sent_at is not null
            then {{ days_between('stated.due_date', 'stated.sent_date') }} <= policy.survey_overdue_days
        when stated.schedule_state in ('missed', 'overdue') and stated.reason_on_due is null then false
    end as is_on_time,
    stated.due_date,
    stated.expires_date,
    case when stated.schedule_state = 'suppressed' then {{ business_date('stated.blocked_to') }} end as postponed_date,
    stated.reached_at,
    stated.sent_at,
    stated.answered_at
from stated
cross join {{ ref('policy') }} as policy
