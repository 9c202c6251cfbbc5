-- Customers who are back at once can neither be asked nor answer, so the groups are formed on a landmark day, of those
-- not yet back, by what happened before it.
{%- set groups = {
    'answered': 'units.is_answered_by_landmark',
    'not_answered': 'units.is_asked_by_landmark and not units.is_answered_by_landmark',
    'not_asked': 'not units.is_asked_by_landmark',
} %}
with invitations as (
    select *
    from {{ ref('fct_survey_invitation_outcomes') }}
    where survey_code in (
            select questions.survey_code from {{ ref('dim_survey_questions') }} as questions
            where questions.role = 'dropoff_reason'
        )
),

dropped as (
    select
        dropoffs.customer_id,
        {{ period_start('month', 'dropoffs.dropoff_date') }} as dropoff_month,
        dropoffs.dropoff_date,
        invitations.invitation_id,
        invitations.response_id,
        invitations.sent_date,
        {{ business_date('invitations.answered_at') }} as answered_date,
        row_number() over (
            partition by dropoffs.customer_id order by invitations.sent_at, invitations.invitation_id
        ) as nth
    from {{ ref('fct_early_dropoffs') }} as dropoffs
    left join invitations
        on dropoffs.customer_id = invitations.customer_id
    where dropoffs.dropoff_kind is not null
),

watched as (
    select
        dropped.*,
        {{ add_days('dropped.dropoff_date', 'policy.dropoff_landmark_days') }} as landmark_date,
        {{ add_days('dropped.dropoff_date', 'policy.dropoff_landmark_days + policy.dropoff_return_days') }}
            as watched_to_date
    from dropped
    cross join {{ ref('policy') }} as policy
    where dropped.nth = 1
),

returns as (
    select
        watched.customer_id,
        min(uses.usage_date) as reactivated_date
    from watched
    inner join {{ ref('fct_component_usage_daily') }} as uses
        on watched.customer_id = uses.customer_id
        and uses.usage_date > watched.dropoff_date
        and uses.usage_date < watched.watched_to_date
    inner join {{ ref('run_context') }} as run_context
        on uses.usage_date <= run_context.as_of_date
    group by watched.customer_id
),

customers as (
    select
        watched.*,
        {{ add_days('watched.watched_to_date', -1) }} <= run_context.as_of_date as is_mature,
        coalesce(returns.reactivated_date >= watched.landmark_date, true) as is_inactive_at_landmark,
        coalesce(watched.sent_date < watched.landmark_date, false) as is_asked_by_landmark,
        coalesce(watched.answered_date < watched.landmark_date, false) as is_answered_by_landmark,
        coalesce(returns.reactivated_date >= watched.landmark_date, false) as is_reactivated
    from watched
    cross join {{ ref('run_context') }} as run_context
    left join returns
        on watched.customer_id = returns.customer_id
),

-- A customer who names two topics is in both, so topics do not add up to customers.
topics as (
    select
        customers.customer_id,
        answers.option_code as topic_code
    from customers
    inner join {{ ref('fct_survey_answers') }} as answers
        on customers.response_id = answers.response_id
        and answers.option_code is not null
    where customers.answered_date is not null
    union
    select
        customers.customer_id,
        signals.topic_code
    from customers
    inner join {{ ref('fct_feedback_signals') }} as signals
        on customers.response_id = signals.response_id
        and signals.topic_code is not null
    where customers.answered_date is not null
),

units as (
    select
        'all' as topic_code,
        customers.*
    from customers
    union all
    select
        topics.topic_code,
        customers.*
    from topics
    inner join customers
        on topics.customer_id = customers.customer_id
),

answered as (
    select
        dropoff_month,
        count(answered_date) as answered_count
    from customers
    group by dropoff_month
),

counted as (
    select
        units.topic_code,
        units.dropoff_month,
        count(*) as eligible_count,
        count(units.invitation_id) as invited_count,
        count(units.answered_date) as mention_count,
        max(answered.answered_count) as answered_count,
        {%- for group, condition in groups.items() %}
        count(case
            when units.is_mature and units.is_inactive_at_landmark and units.is_reactivated and {{ condition }} then 1
        end) as reactivated_{{ group }}_num,
        count(case when units.is_mature and units.is_inactive_at_landmark and {{ condition }} then 1 end)
            as reactivated_{{ group }}_den,
        {%- endfor %}
        count(case when units.is_mature and not units.is_inactive_at_landmark then 1 end)
            as reactivated_before_landmark_count,
        count(case when not units.is_mature then 1 end) as pending_count
    from units
    inner join answered
        on units.dropoff_month = answered.dropoff_month
    group by units.dropoff_month, units.topic_code
),

rated as (
    select
        {%- for group in groups %}
        {{ pct('reactivated_' ~ group ~ '_num', 'reactivated_' ~ group ~ '_den') }} as reactivated_{{ group }}_pct,
        {%- for side in ['lo', 'hi'] %}
        {{ wilson_pct('reactivated_' ~ group ~ '_num', 'reactivated_' ~ group ~ '_den', side) }}
            as reactivated_{{ group }}_ci_{{ side }},
        {%- endfor %}
        {%- endfor %}
        *
    from counted
)

select
    topic_code,
    cast(eligible_count as bigint) as eligible_count,
    cast(invited_count as bigint) as invited_count,
    cast(mention_count as bigint) as response_num,
    cast(invited_count as bigint) as response_den,
    {{ pct('mention_count', 'invited_count') }} as response_pct,
    cast(mention_count as bigint) as mention_num,
    cast(answered_count as bigint) as mention_den,
    {{ pct('mention_count', 'answered_count') }} as mention_pct,
    {%- for group in groups %}
    cast(reactivated_{{ group }}_num as bigint) as reactivated_{{ group }}_num,
    cast(reactivated_{{ group }}_den as bigint) as reactivated_{{ group }}_den,
    reactivated_{{ group }}_pct,
    reactivated_{{ group }}_ci_lo,
    reactivated_{{ group }}_ci_hi,
    {%- endfor %}
    reactivated_answered_pct - reactivated_not_answered_pct as reactivated_difference_pp,
    {{ newcombe_pp('reactivated_answered', 'reactivated_not_answered', 'lo') }} as reactivated_difference_ci_lo,
    {{ newcombe_pp('reactivated_answered', 'reactivated_not_answered', 'hi') }} as reactivated_difference_ci_hi,
    true as is_confounded,
    cast(reactivated_before_landmark_count as bigint) as reactivated_before_landmark_count,
    cast(pending_count as bigint) as pending_count,
    pending_count = 0 as is_complete,
    {{ is_reliable('mention_count') }} as is_reliable,
    dropoff_month
from rated
