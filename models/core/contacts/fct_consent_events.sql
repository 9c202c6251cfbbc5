{{ config(materialized=inlined('view')) }}
select
    events.consent_event_id,
    events.customer_id,
    events.channel as channel_code,
    events.purpose as purpose_code,
    events.action as action_code,
    events.policy_version,
    events.action in ('granted', 'resubscribed') as is_grant,
    events.occurred_date,
    events.occurred_at
from {{ ref('stg_crm__consent_events') }} as events
inner join {{ ref('customer_registrations') }} as registration
    on events.customer_id = registration.customer_id
inner join {{ ref('run_context') }} as run_context
    on events.occurred_date <= run_context.as_of_date
