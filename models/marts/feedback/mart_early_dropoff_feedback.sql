with invitations as (
    select *
    from {{ ref('int_survey_invitations__outcomes') }}
    where survey_code in (
            select questions.survey_code from {{ ref('dim_survey_questions') }} as questions
            where questions.role = 'dropoff_reason'
        )
),

dropped as (
    select
        silences.customer_id,
        {{ period_start('month', 'silences.silent_date') }} as dropoff_month,
        silences.silent_date,
        invitations.invitation_id,
        invitations.response_id,
        invitations.sent_date,
        {{ business_date('invitations.answered_at') }} as answered_date,
        coalesce({{ business_date('invitations.answered_at') }}, invitations.sent_date, silences.silent_date)
            as watched_from_date,
        row_number() over (
            partition by silences.customer_id order by invitations.sent_at, invitations.invitation_id
        ) as nth
    from {{ ref('int_customers__early_silence') }} as silences
    left join invitations
        on silences.customer_id = invitations.customer_id
),

watched as (
    select
        dropped.*,
        {{ add_days('dropped.watched_from_date', 'cast(' ~ threshold('dropoff_return_days') ~ ' as integer)') }}
            as watched_to_date
    from dropped
    where dropped.nth = 1
),

returns as (
    select distinct watched.customer_id
    from watched
    inner join {{ ref('fct_usage_daily') }} as uses
        on watched.customer_id = uses.customer_id
        and uses.usage_date > watched.watched_from_date
        and uses.usage_date <= watched.watched_to_date
    inner join {{ ref('run_context') }} as run_context
        on uses.usage_date <= run_context.as_of_date
),

customers as (
    select
        watched.*,
        watched.watched_to_date <= run_context.as_of_date as is_mature,
        returns.customer_id is not null as has_returned
    from watched
    cross join {{ ref('run_context') }} as run_context
    left join returns
        on watched.customer_id = returns.customer_id
),

-- Who names two topics is in both, so topics do not add up to customers.
topics as (
    select
        customers.customer_id,
        answers.option_code as topic_code
    from customers
    inner join {{ ref('int_survey_answers__judged') }} as answers
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
)

select
    units.topic_code,
    cast(count(*) as bigint) as eligible_count,
    cast(count(units.invitation_id) as bigint) as invited_count,
    cast(count(units.answered_date) as bigint) as response_num,
    cast(count(units.invitation_id) as bigint) as response_den,
    {{ pct('count(units.answered_date)', 'count(units.invitation_id)') }} as response_pct,
    cast(count(units.answered_date) as bigint) as mention_num,
    cast(max(answered.answered_count) as bigint) as mention_den,
    {{ pct('count(units.answered_date)', 'max(answered.answered_count)') }} as mention_pct,
    {% for group, condition in {
        'answered': 'units.answered_date is not null',
        'not_answered': 'units.answered_date is null and units.invitation_id is not null',
        'not_asked': 'units.invitation_id is null',
    }.items() -%}
    cast(count(case when units.is_mature and units.has_returned and {{ condition }} then 1 end) as bigint)
        as returned_{{ group }}_num,
    cast(count(case when units.is_mature and {{ condition }} then 1 end) as bigint) as returned_{{ group }}_den,
    {{ pct(
        'count(case when units.is_mature and units.has_returned and ' ~ condition ~ ' then 1 end)',
        'count(case when units.is_mature and ' ~ condition ~ ' then 1 end)'
    ) }} as returned_{{ group }}_pct,
    {% endfor -%}
    cast(count(case when not units.is_mature then 1 end) as bigint) as pending_count,
    count(case when not units.is_mature then 1 end) = 0 as is_complete,
    count(units.answered_date) >= {{ threshold('min_reliable_count') }} as is_reliable,
    units.dropoff_month
from units
inner join answered
    on units.dropoff_month = answered.dropoff_month
group by units.dropoff_month, units.topic_code
