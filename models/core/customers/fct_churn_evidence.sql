-- Evidence of surveys, contacts, tickets and payments about each churn, up to the business day.
with events as (
    select
        churn_events.customer_id,
        churn_events.source_customer_id,
        churn_events.tenure_number,
        churn_events.churned_date,
        churn_events.reactivated_date,
        {{ add_days('churn_events.churned_date', '-policy.churn_evidence_days') }} as evidence_from,
        {{ add_days('churn_events.churned_date', 'policy.winback_window_days') }} as winback_to
    from {{ ref('fct_churn_events') }} as churn_events
    cross join {{ ref('policy') }} as policy
),

complaints as (
    select
        events.customer_id,
        events.tenure_number,
        tickets.topic_code,
        {{ business_date('tickets.opened_at') }} >= events.churned_date as is_after,
        row_number() over (
            partition by
                events.customer_id,
                events.tenure_number,
                {{ business_date('tickets.opened_at') }} >= events.churned_date
            order by tickets.opened_at desc, tickets.ticket_id asc
        ) as choice
    from events
    inner join {{ ref('stg_support__tickets') }} as tickets
        on events.source_customer_id = tickets.customer_id
        and tickets.is_complaint
        and {{ business_date('tickets.opened_at') }} >= events.evidence_from
        and {{ business_date('tickets.opened_at') }} < events.winback_to
        and {{ business_date('tickets.opened_at') }} < coalesce(events.reactivated_date, {{ end_of_time('timestamp') }})
    inner join {{ ref('run_context') }} as run_context
        on tickets.opened_at < run_context.as_of_end_at
),

complained as (
    select
        customer_id,
        tenure_number,
        max(case when not is_after then 1 else 0 end) as has_before,
        max(case when is_after then 1 else 0 end) as has_after,
        max(case when not is_after and choice = 1 then topic_code end) as prior_topic_code
    from complaints
    group by customer_id, tenure_number
)

select
    events.customer_id,
    events.tenure_number,
    surveys.survey_reason_code,
    talks.agent_reason_code,
    complained.prior_topic_code,
    scores.nps_score as last_nps_score,
    scores.nps_group as last_nps_group,
    payments.revenue_12m_amount,
    payments.revenue_after_reactivation_amount,
    coalesce(complained.has_before, 0) = 1 as has_complained_before,
    coalesce(complained.has_after, 0) = 1 as has_complained_after,
    payments.is_refund_due,
    surveys.exit_asked_at,
    talks.exit_talk_at,
    payments.refunded_at
from events
inner join {{ ref('fct_churn_exit_surveys') }} as surveys
    on events.customer_id = surveys.customer_id
    and events.tenure_number = surveys.tenure_number
inner join {{ ref('fct_churn_talks') }} as talks
    on events.customer_id = talks.customer_id
    and events.tenure_number = talks.tenure_number
inner join {{ ref('fct_churn_payments') }} as payments
    on events.customer_id = payments.customer_id
    and events.tenure_number = payments.tenure_number
left join complained
    on events.customer_id = complained.customer_id
    and events.tenure_number = complained.tenure_number
left join {{ ref('customer_nps_periods') }} as scores
    on events.source_customer_id = scores.customer_id
    and scores.valid_from <= events.churned_date
    and scores.valid_to > events.churned_date
