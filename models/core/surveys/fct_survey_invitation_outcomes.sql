-- Outcome of every invitation by the close of the day: begun, answered, or unsubscribed.
with run_context as (
    select * from {{ ref('run_context') }}
),

answers as (
    select
        answers.response_id,
        answers.question_code,
        row_number() over (
            partition by answers.response_id
            order by answers.answered_at desc nulls last, answers.question_code desc
        ) as choice
    from {{ ref('stg_surveys__survey_answers') }} as answers
    inner join run_context
        on answers.answered_at < run_context.as_of_end_at
),

responses as (
    select
        invitation_id,
        response_id,
        is_complete,
        started_at,
        submitted_at,
        row_number() over (
            partition by invitation_id
            order by submitted_at asc nulls last, started_at asc nulls last, response_id asc
        ) as choice
    from {{ ref('fct_survey_responses') }}
    where invitation_id is not null
),

-- All campaigns follow the policy for campaigns, all questions about a service the policy for services.
kinds as (
    select
        trigger_type,
        min(trigger_key) as trigger_key
    from {{ ref('survey_triggers') }}
    where trigger_type in ('campaign', 'service')
    group by trigger_type
),

-- The key of a tenure invitation is its step, so the survey identifies the trigger.
tenures as (
    select
        trigger_type,
        survey_code,
        min(trigger_key) as trigger_key
    from {{ ref('survey_triggers') }}
    where trigger_type = 'tenure'
    group by trigger_type, survey_code
),

-- A service survey is identified by its ticket, every other by its trigger.
named as (
    select
        invitations.*,
        case
            when invitations.trigger_type = 'service' then coalesce(invitations.ticket_id, invitations.trigger_key)
            else invitations.trigger_key
        end as schedule_key,
        least(own.trigger_key, kinds.trigger_key, tenures.trigger_key) as policy_key
    from {{ ref('fct_survey_invitations') }} as invitations
    left join {{ ref('survey_triggers') }} as own
        on invitations.trigger_type = own.trigger_type
        and invitations.trigger_key = own.trigger_key
    left join kinds
        on invitations.trigger_type = kinds.trigger_type
    left join tenures
        on invitations.trigger_type = tenures.trigger_type
        and invitations.survey_code = tenures.survey_code
),

invitations as (
    select
        named.*,
        triggers.quiet_days,
        coalesce(triggers.is_suppressible, false) as is_suppressible,
        triggers.trigger_key is not null as is_in_policy,
        -- A channel that reports no delivery in a month does not say which invitations bounced.
        count(coalesce(named.delivered_at, named.shown_at)) over (
            partition by named.channel, {{ period_start('month', 'named.sent_date') }}
        ) > 0 as has_receipts,
        row_number() over (
            partition by named.customer_id, named.trigger_type, named.schedule_key
            order by named.sent_at, named.invitation_id
        ) as asking_order
    from named
    left join {{ ref('survey_triggers') }} as triggers
        on named.policy_key = triggers.trigger_key
),

unsubscribed as (
    select
        invitations.invitation_id,
        min(consents.occurred_at) as unsubscribed_at
    from {{ ref('fct_survey_invitations') }} as invitations
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('stg_crm__consent_events') }} as consents
        on invitations.customer_id = consents.customer_id
        and consents.action in ('revoked', 'unsubscribed')
        and consents.occurred_at >= invitations.sent_at
        and consents.occurred_date <= {{ add_days(
            'invitations.sent_date', 'policy.unsubscribe_after_invite_days'
        ) }}
    inner join run_context
        on consents.occurred_at < run_context.as_of_end_at
    group by invitations.invitation_id
)

select
    invitations.invitation_id,
    invitations.customer_id,
    invitations.survey_code,
    invitations.trigger_type,
    invitations.trigger_key,
    invitations.schedule_key,
    invitations.channel,
    invitations.stage_code,
    invitations.touchpoint_code,
    invitations.ticket_id,
    responses.response_id,
    answers.question_code as last_question_code,
    invitations.question_count,
    invitations.quiet_days,
    invitations.is_suppressible,
    invitations.is_in_policy,
    invitations.asking_order,
    coalesce(responses.is_complete, false) as is_complete,
    -- Receipts get lost: what was seen, begun or answered had arrived.
    case
        when invitations.has_receipts
            then coalesce(
                    invitations.delivered_at, invitations.shown_at, responses.started_at, responses.submitted_at
                ) is not null
    end as is_reached,
    invitations.sent_date,
    invitations.sent_at,
    invitations.delivered_at,
    invitations.shown_at,
    responses.started_at,
    responses.submitted_at as answered_at,
    unsubscribed.unsubscribed_at
from invitations
left join responses
    on invitations.invitation_id = responses.invitation_id
    and responses.choice = 1
left join answers
    on responses.response_id = answers.response_id
    and answers.choice = 1
left join unsubscribed
    on invitations.invitation_id = unsubscribed.invitation_id
