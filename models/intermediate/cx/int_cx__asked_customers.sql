{{ config(materialized=inlined('view')) }}
-- Each customer once per metric and quarter, with the latest answer and what followed it. Customers who were asked and
-- did not answer are a group of their own; those who were not customers on that day are in none.
with asked_metrics as (
    select distinct
        survey_code,
        programme,
        metric_code
    from {{ ref('dim_survey_questions') }}
    where metric_code is not null
        and top_from is not null
        and programme <> 'exit'
),

answered as (
    select
        answers.metric_code,
        answers.programme,
        answers.customer_id,
        answers.score_box as score_group,
        answers.response_date as asked_date,
        periods.period_start_date
    from {{ ref('int_cx__answers') }} as answers
    inner join {{ ref('int_cx__periods') }} as periods
        on {{ period_start('month', 'answers.response_date') }} = periods.period_month
        and periods.period_kind = 'quarter'
    where answers.score_box is not null
        and answers.programme <> 'exit'
        and (answers.next_answer_date is null or answers.next_answer_date >= periods.period_end_date)
),

invited as (
    select
        asked_metrics.metric_code,
        asked_metrics.programme,
        invitations.customer_id,
        max(invitations.sent_date) as asked_date,
        {{ period_start('quarter', 'invitations.sent_date') }} as period_start_date
    from {{ ref('fct_survey_invitations') }} as invitations
    inner join asked_metrics
        on invitations.survey_code = asked_metrics.survey_code
    where invitations.customer_id is not null
    group by
        asked_metrics.metric_code,
        asked_metrics.programme,
        invitations.customer_id,
        {{ period_start('quarter', 'invitations.sent_date') }}
),

units as (
    select * from answered
    union all
    select
        invited.metric_code,
        invited.programme,
        invited.customer_id,
        'no_answer' as score_group,
        invited.asked_date,
        invited.period_start_date
    from invited
    left join answered
        on invited.metric_code = answered.metric_code
        and invited.programme = answered.programme
        and invited.customer_id = answered.customer_id
        and invited.period_start_date = answered.period_start_date
    where answered.customer_id is null
)

select
    units.metric_code,
    units.programme,
    units.score_group,
    units.customer_id,
    units.asked_date,
    units.period_start_date,
    -- Churn is final only after the grace, so the window closes that much later.
    {{ days_between('units.asked_date', 'run_context.as_of_date') }}
    >= policy.cx_churn_window_days + policy.churn_grace_days as is_mature,
    coalesce(
        {{ days_between('units.asked_date', 'tenures.churned_date') }} <= policy.cx_churn_window_days,
        false
    ) as is_churned,
    tenures.churned_date,
    {{ add_days('units.asked_date', 'policy.cx_churn_window_days') }} as window_end_date
from units
cross join {{ ref('run_context') }} as run_context
inner join {{ ref('customer_status_periods') }} as status
    on units.customer_id = status.customer_id
    and status.is_customer
    and {{ holds_at('status', 'units.asked_date') }}
-- The end of the tenure in which they were asked counts, whether or not they were reactivated.
inner join {{ ref('customer_tenures') }} as tenures
    on status.customer_id = tenures.customer_id
    and status.tenure_number = tenures.tenure_number
cross join {{ ref('policy') }} as policy
