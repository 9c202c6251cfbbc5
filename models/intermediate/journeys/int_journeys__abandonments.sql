{{ config(materialized=inlined('view')) }}
-- What happened around the end of each abandoned attempt: talks, questions, reminders, and the goal of a later attempt.
with abandoned as (
    select
        attempts.*,
        attempts.last_event_at as abandoned_at,
        funnels.reminder_reason_code,
        {{ add_time('hour', 'attempts.last_event_at', '-policy.funnel_contact_before_hours') }} as talks_from_at,
        {{ add_time('hour', 'attempts.last_event_at', 'policy.funnel_reminder_from_hours') }} as reminder_from_at,
        {{ add_time('hour', 'attempts.last_event_at', 'policy.funnel_reminder_to_hours') }} as reminder_to_at,
        {{ add_time('hour', 'attempts.last_event_at', '24 * policy.funnel_ask_days') }} as asked_to_at
    from {{ ref('int_journeys__attempts') }} as attempts
    inner join {{ ref('funnels') }} as funnels
        on attempts.funnel_code = funnels.funnel_code
    cross join {{ ref('policy') }} as policy
    where attempts.attempt_state = 'abandoned'
),

-- A talk is with a person: neither a robot nor a call that reached nobody. A ticket says what it is about.
talks as (
    select
        contacts.customer_id,
        contacts.contact_id as talk_id,
        contacts.channel,
        coalesce(tickets.topic_code, contacts.reason_code, contacts.purpose) as topic_code,
        contacts.attempted_at as began_at
    from {{ ref('fct_contacts') }} as contacts
    left join {{ ref('fct_tickets') }} as tickets
        on contacts.ticket_id = tickets.ticket_id
    where not contacts.is_automated
        and (contacts.direction = 'inbound' or contacts.reached_at is not null)
    union all
    select
        customer_id,
        ticket_id as talk_id,
        channel,
        topic_code,
        opened_at as began_at
    from {{ ref('fct_tickets') }}
),

talks_before as (
    select
        abandoned.attempt_id,
        talks.channel,
        talks.topic_code,
        talks.began_at,
        row_number() over (
            partition by abandoned.attempt_id
            order by talks.began_at desc, talks.topic_code asc nulls last, talks.talk_id desc
        ) as choice
    from abandoned
    inner join talks
        on abandoned.customer_id = talks.customer_id
        and talks.began_at >= least(abandoned.talks_from_at, abandoned.entered_at)
        and talks.began_at <= abandoned.abandoned_at
),

questions as (
    select
        customer_id,
        effective_at as asked_at,
        cast(null as timestamp) as answered_at
    from {{ ref('fct_contacts') }}
    where direction = 'outbound' and not is_automated and is_effective
    union all
    select
        customer_id,
        sent_at as asked_at,
        cast(null as timestamp) as answered_at
    from {{ ref('fct_survey_invitations') }}
    union all
    select
        customer_id,
        cast(null as timestamp) as asked_at,
        submitted_at as answered_at
    from {{ ref('fct_survey_responses') }}
),

asked as (
    select
        abandoned.attempt_id,
        min(case when questions.asked_at < abandoned.asked_to_at then questions.asked_at end) as asked_at,
        min(case when questions.answered_at < abandoned.asked_to_at then questions.answered_at end) as answered_at
    from abandoned
    inner join questions
        on abandoned.customer_id = questions.customer_id
        and coalesce(questions.asked_at, questions.answered_at) > abandoned.abandoned_at
        and coalesce(questions.asked_at, questions.answered_at) < abandoned.asked_to_at
    group by abandoned.attempt_id
),

mentions as (
    select
        customer_id,
        topic_code,
        occurred_at as mentioned_at
    from {{ ref('fct_feedback_signals') }}
    union all
    select
        customer_id,
        topic_code,
        opened_at as mentioned_at
    from {{ ref('fct_tickets') }}
),

difficulties as (
    select
        abandoned.attempt_id,
        mentions.topic_code,
        row_number() over (
            partition by abandoned.attempt_id order by mentions.mentioned_at, mentions.topic_code
        ) as choice
    from abandoned
    inner join mentions
        on abandoned.customer_id = mentions.customer_id
        and mentions.topic_code is not null
        and mentions.mentioned_at >= abandoned.entered_at
        and mentions.mentioned_at < abandoned.asked_to_at
),

reminded as (
    select
        abandoned.attempt_id,
        contacts.attempted_at as reminded_at,
        contacts.reached_at,
        row_number() over (
            partition by abandoned.attempt_id order by contacts.attempted_at, contacts.contact_id
        ) as choice
    from abandoned
    inner join {{ ref('fct_contacts') }} as contacts
        on abandoned.customer_id = contacts.customer_id
        and abandoned.reminder_reason_code = contacts.reason_code
        and contacts.direction = 'outbound'
        and contacts.attempted_at >= abandoned.reminder_from_at
        and contacts.attempted_at <= abandoned.reminder_to_at
),

-- Without a reminder the same time runs from the first moment at which one could have come.
clocks as (
    select
        abandoned.attempt_id,
        reminded.reminded_at,
        reminded.reached_at as reminder_reached_at,
        coalesce(reminded.reminded_at, abandoned.reminder_from_at) as outcome_from_at
    from abandoned
    left join reminded
        on abandoned.attempt_id = reminded.attempt_id
        and reminded.choice = 1
)

select
    abandoned.attempt_id,
    abandoned.funnel_code,
    abandoned.customer_id,
    abandoned.customer_status,
    abandoned.segment_code,
    abandoned.furthest_step_no,
    abandoned.goal_step_no,
    abandoned.value_amount,
    abandoned.errors_count,
    abandoned.is_paying,
    abandoned.entered_at,
    abandoned.abandoned_at,
    talks_before.channel as talk_channel,
    talks_before.topic_code as talk_topic_code,
    talks_before.began_at as talk_began_at,
    abandoned.asked_to_at,
    asked.asked_at,
    asked.answered_at,
    difficulties.topic_code as difficulty_topic_code,
    clocks.reminded_at,
    clocks.reminder_reached_at,
    clocks.outcome_from_at,
    {{ add_time('hour', 'clocks.outcome_from_at', 'policy.funnel_reminder_outcome_hours') }} as outcome_to_at
from abandoned
cross join {{ ref('policy') }} as policy
inner join clocks
    on abandoned.attempt_id = clocks.attempt_id
left join talks_before
    on abandoned.attempt_id = talks_before.attempt_id
    and talks_before.choice = 1
left join asked
    on abandoned.attempt_id = asked.attempt_id
left join difficulties
    on abandoned.attempt_id = difficulties.attempt_id
    and difficulties.choice = 1
