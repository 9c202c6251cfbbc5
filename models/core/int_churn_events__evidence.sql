{%- set before = 'cast(' ~ threshold('churn_evidence_days') ~ ' as integer)' -%}
-- What is told around each leaving by surveys, contacts, tickets and payments, up to the business day.
with events as (
    select
        customer_id,
        spell_number,
        left_date,
        left_month,
        returned_date,
        {{ add_days('left_date', '-' ~ before) }} as evidence_from,
        {{ add_days('left_date', before) }} as evidence_to,
        {{ add_days('left_date', 'cast(' ~ threshold('winback_window_days') ~ ' as integer)') }} as winback_to,
        {{ add_days('returned_date', 'cast(' ~ threshold('winback_revenue_days') ~ ' as integer)') }} as revenue_to,
        cast({{ dbt.dateadd('month', -12, 'left_month') }} as date) as year_from
    from {{ ref('fct_churn_events') }}
),

exit_questions as (
    select distinct
        survey_code,
        question_code
    from {{ ref('dim_survey_questions') }}
    where role = 'churn_reason'
),

exit_surveys as (
    select distinct survey_code
    from exit_questions
),

asked as (
    select
        events.customer_id,
        events.spell_number,
        min(invitations.sent_at) as exit_asked_at
    from events
    inner join {{ ref('stg_surveys__survey_invitations') }} as invitations
        on events.customer_id = invitations.customer_id
        and {{ business_date('invitations.sent_at') }} >= events.evidence_from
        and {{ business_date('invitations.sent_at') }} < events.evidence_to
    inner join exit_surveys
        on invitations.survey_code = exit_surveys.survey_code
    inner join {{ ref('run_context') }} as run_context
        on invitations.sent_at < run_context.as_of_end_at
    group by events.customer_id, events.spell_number
),

answered as (
    select
        events.customer_id,
        events.spell_number,
        answers.option_code,
        row_number() over (
            partition by events.customer_id, events.spell_number
            order by responses.submitted_at desc, responses.response_id asc
        ) as choice
    from events
    inner join {{ ref('stg_surveys__survey_responses') }} as responses
        on events.customer_id = responses.customer_id
        and {{ business_date('responses.submitted_at') }} >= events.evidence_from
        and {{ business_date('responses.submitted_at') }} < events.evidence_to
    inner join {{ ref('run_context') }} as run_context
        on responses.submitted_at < run_context.as_of_end_at
    inner join {{ ref('stg_surveys__survey_answers') }} as answers
        on responses.response_id = answers.response_id
    inner join exit_questions
        on responses.survey_code = exit_questions.survey_code
        and answers.question_code = exit_questions.question_code
    where answers.option_code is not null
),

contacts as (
    select
        events.customer_id,
        events.spell_number,
        contacts.contact_id,
        purposes.role as purpose_role,
        contacts.campaign_code,
        contacts.outcome_reason,
        contacts.attempted_at,
        -- What a person did; an opened mail is no talk.
        case
            when outcomes.outcome_role = 'conversation' and contacts.answered_at < run_context.as_of_end_at
                then contacts.answered_at
            when contacts.replied_at < run_context.as_of_end_at then contacts.replied_at
            when contacts.clicked_at < run_context.as_of_end_at then contacts.clicked_at
            when contacts.held_at < run_context.as_of_end_at then contacts.held_at
        end as reached_at,
        {{ business_date('contacts.attempted_at') }} >= events.left_date
        and {{ business_date('contacts.attempted_at') }} < coalesce(events.returned_date, {{ far_future() }})
        and {{ business_date('contacts.attempted_at') }} < events.winback_to as is_before_return,
        {{ business_date('contacts.attempted_at') }} < events.evidence_to as is_near
    from events
    inner join {{ ref('stg_crm__contacts') }} as contacts
        on events.customer_id = contacts.customer_id
        and {{ business_date('contacts.attempted_at') }} >= events.evidence_from
    inner join {{ ref('contact_purposes') }} as purposes
        on contacts.purpose = purposes.purpose_code
        and purposes.role in ('exit', 'winback', 'retention')
    left join {{ ref('contact_outcomes') }} as outcomes
        on contacts.outcome_code = outcomes.outcome_code
    inner join {{ ref('run_context') }} as run_context
        on contacts.attempted_at < run_context.as_of_end_at
),

told as (
    select
        customer_id,
        spell_number,
        outcome_reason,
        row_number() over (
            partition by customer_id, spell_number order by attempted_at desc, contact_id asc
        ) as choice
    from contacts
    where is_near
        and outcome_reason is not null
        and outcome_reason <> 'unknown'
),

spoken as (
    select
        contacts.customer_id,
        contacts.spell_number,
        min(case when contacts.purpose_role = 'exit' and contacts.is_near then contacts.reached_at end) as exit_talk_at,
        min(case when contacts.purpose_role = 'winback' and contacts.is_before_return then contacts.attempted_at end)
            as winback_contacted_at,
        min(case when contacts.purpose_role = 'winback' and contacts.is_before_return then contacts.reached_at end)
            as winback_reached_at,
        min(case when contacts.purpose_role = 'winback' and contacts.is_before_return then contacts.campaign_code end)
            as winback_offer_code
    from contacts
    group by contacts.customer_id, contacts.spell_number
),

complaints as (
    select
        events.customer_id,
        events.spell_number,
        tickets.topic_code,
        {{ business_date('tickets.opened_at') }} >= events.left_date as is_after,
        row_number() over (
            partition by
                events.customer_id, events.spell_number, {{ business_date('tickets.opened_at') }} >= events.left_date
            order by tickets.opened_at desc, tickets.ticket_id asc
        ) as choice
    from events
    inner join {{ ref('stg_support__tickets') }} as tickets
        on events.customer_id = tickets.customer_id
        and tickets.is_complaint
        and {{ business_date('tickets.opened_at') }} >= events.evidence_from
        and {{ business_date('tickets.opened_at') }} < events.winback_to
        and {{ business_date('tickets.opened_at') }} < coalesce(events.returned_date, {{ far_future() }})
    inner join {{ ref('run_context') }} as run_context
        on tickets.opened_at < run_context.as_of_end_at
),

complained as (
    select
        customer_id,
        spell_number,
        max(case when not is_after then 1 else 0 end) as has_before,
        max(case when is_after then 1 else 0 end) as has_after,
        max(case when not is_after and choice = 1 then topic_code end) as prior_topic_code
    from complaints
    group by customer_id, spell_number
),

paid as (
    select
        payments.customer_id,
        payments.paid_date,
        payments.paid_at,
        coalesce(payments.is_refund, false) as is_refund,
        cast(round(
            case when coalesce(payments.is_refund, false) then -payments.amount else payments.amount end
            * rates.rate_to_reporting, 2
        ) as decimal(18, 2)) as signed_amount,
        cast({{ dbt.dateadd('month', 'coalesce(plan_list.billing_months, 1)', 'payments.paid_date') }} as date)
            as paid_through_date
    from {{ ref('stg_billing__payments') }} as payments
    inner join {{ ref('run_context') }} as run_context
        on payments.paid_at < run_context.as_of_end_at
    left join {{ ref('dim_exchange_rates') }} as rates
        on coalesce(payments.currency, '{{ var("reporting_currency") }}') = rates.currency_code
        and {{ period_start('month', 'payments.paid_date') }} = rates.month_date
    left join {{ ref('int_subscriptions__slices') }} as slices
        on payments.customer_id = slices.customer_id
        and payments.subscription_id = slices.subscription_id
        and payments.paid_date >= slices.from_date
        and payments.paid_date < coalesce(slices.to_date, {{ far_future() }})
    left join {{ ref('plans') }} as plan_list
        on slices.plan_code = plan_list.plan_code
    where payments.status = 'succeeded'
),

money as (
    select
        events.customer_id,
        events.spell_number,
        sum(case
            when payments.paid_date >= events.year_from and payments.paid_date < events.left_month
                then payments.signed_amount
        end) as revenue_12m,
        sum(case
            when payments.paid_date >= events.returned_date and payments.paid_date < events.revenue_to
                then payments.signed_amount
        end) as revenue_after_return,
        min(case
            when payments.is_refund and payments.paid_date >= events.evidence_from
                and payments.paid_date < events.evidence_to then payments.paid_at
        end) as refunded_at,
        max(case
            when not payments.is_refund and payments.paid_date < events.left_date then payments.paid_through_date
        end) as paid_through_date
    from events
    inner join paid as payments
        on events.customer_id = payments.customer_id
        and payments.paid_date >= events.year_from
    group by events.customer_id, events.spell_number
)

select
    events.customer_id,
    events.spell_number,
    answered.option_code as survey_reason_code,
    told.outcome_reason as agent_reason_code,
    complained.prior_topic_code,
    spoken.winback_offer_code,
    scores.nps_score as last_nps_score,
    scores.nps_group as last_nps_group,
    cast(coalesce(money.revenue_12m, 0) as decimal(18, 2)) as revenue_12m_amount,
    cast(coalesce(money.revenue_after_return, 0) as decimal(18, 2)) as revenue_after_return_amount,
    coalesce(complained.has_before, 0) = 1 as has_complained_before,
    coalesce(complained.has_after, 0) = 1 as has_complained_after,
    coalesce(
        {{ days_between('events.left_date', 'money.paid_through_date') }} >= {{ threshold('refund_due_days') }}, false
    ) as is_refund_due,
    asked.exit_asked_at,
    spoken.exit_talk_at,
    money.refunded_at,
    spoken.winback_contacted_at,
    spoken.winback_reached_at
from events
left join asked
    on events.customer_id = asked.customer_id
    and events.spell_number = asked.spell_number
left join answered
    on events.customer_id = answered.customer_id
    and events.spell_number = answered.spell_number
    and answered.choice = 1
left join told
    on events.customer_id = told.customer_id
    and events.spell_number = told.spell_number
    and told.choice = 1
left join spoken
    on events.customer_id = spoken.customer_id
    and events.spell_number = spoken.spell_number
left join complained
    on events.customer_id = complained.customer_id
    and events.spell_number = complained.spell_number
left join money
    on events.customer_id = money.customer_id
    and events.spell_number = money.spell_number
left join {{ ref('int_customers__nps_periods') }} as scores
    on events.customer_id = scores.customer_id
    and scores.valid_from <= events.left_date
    and scores.valid_to > events.left_date
