{{ config(materialized='view') }}
-- The first invitation to rate a ticket, and the score that it brought; where nobody was invited, the first rating.
with asked as (
    select
        invitations.ticket_id,
        invitations.channel,
        invitations.invitation_id as asked_id,
        responses.response_id,
        responses.main_metric_code,
        responses.main_score,
        invitations.sent_at,
        responses.submitted_at
    from {{ ref('fct_survey_invitations') }} as invitations
    left join {{ ref('fct_survey_responses') }} as responses
        on invitations.invitation_id = responses.invitation_id
        and responses.submitted_at is not null
    where invitations.ticket_id is not null
    union all
    select
        ticket_id,
        channel,
        response_id as asked_id,
        response_id,
        main_metric_code,
        main_score,
        cast(null as timestamp) as sent_at,
        submitted_at
    from {{ ref('fct_survey_responses') }}
    where ticket_id is not null
        and invitation_id is null
        and submitted_at is not null
),

numbered as (
    select
        asked.*,
        row_number() over (
            partition by asked.ticket_id order by asked.sent_at nulls last, asked.submitted_at, asked.asked_id
        ) as choice
    from asked
)

select
    numbered.ticket_id,
    numbered.channel as rating_channel_code,
    numbered.main_metric_code as rating_metric_code,
    numbered.main_score as rating_score,
    case when numbered.main_score is not null then scores.score_box = 'top' end as is_rating_top,
    numbered.sent_at as rating_invited_at
from numbered
left join {{ ref('fct_survey_scores') }} as scores
    on numbered.response_id = scores.response_id
    and numbered.main_metric_code = scores.metric_code
where numbered.choice = 1
