{{ config(materialized=inlined()) }}
-- Customers who dropped off early: were they asked why, did they answer, did they come back? Customers who are back at
-- once can neither be asked nor answer, so a landmark day forms the groups from those not yet back.
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

reactivations as (
    select
        watched.customer_id,
        min(uses.usage_date) as reactivated_date
    from watched
    inner join {{ ref('fct_customer_usage_daily') }} as uses
        on watched.customer_id = uses.customer_id
        and uses.usage_date > watched.dropoff_date
        and uses.usage_date < watched.watched_to_date
    inner join {{ ref('run_context') }} as run_context
        on uses.usage_date <= run_context.as_of_date
    group by watched.customer_id
)

select
    watched.customer_id,
    watched.response_id,
    watched.invitation_id is not null as is_invited,
    watched.answered_date is not null as is_answered,
    {{ add_days('watched.watched_to_date', -1) }} <= run_context.as_of_date as is_reactivation_known,
    coalesce(reactivations.reactivated_date < watched.landmark_date, false) as is_reactivated_before_landmark,
    coalesce(reactivations.reactivated_date >= watched.landmark_date, false) as is_reactivated,
    case
        when watched.answered_date < watched.landmark_date then 'answered'
        when watched.sent_date < watched.landmark_date then 'not_answered'
        else 'not_asked'
    end as landmark_group
from watched
cross join {{ ref('run_context') }} as run_context
left join reactivations
    on watched.customer_id = reactivations.customer_id
