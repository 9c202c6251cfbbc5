select
    invitations.invitation_id,
    invitations.customer_id,
    invitations.survey_code,
    surveys.programme,
    invitations.trigger_type,
    invitations.trigger_key,
    invitations.channel,
    invitations.stage_code,
    invitations.touchpoint_code,
    invitations.ticket_id,
    invitations.contact_id,
    invitations.question_count,
    surveys.response_window_days,
    invitations.sent_date,
    invitations.sent_at,
    case when invitations.delivered_at < run_context.as_of_end_at then invitations.delivered_at end as delivered_at,
    case when invitations.shown_at < run_context.as_of_end_at then invitations.shown_at end as shown_at
from {{ ref('stg_surveys__survey_invitations') }} as invitations
inner join {{ ref('run_context') }} as run_context
    on invitations.sent_date <= run_context.as_of_date
left join {{ ref('surveys') }} as surveys
    on invitations.survey_code = surveys.survey_code
left join {{ ref('customer_registrations') }} as customers
    on invitations.customer_id = customers.customer_id
where invitations.customer_id is null or customers.customer_id is not null
