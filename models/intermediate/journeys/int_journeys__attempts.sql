-- Attempts with the attributes of the day on which they began.
select
    attempts.attempt_id,
    attempts.funnel_code,
    attempts.customer_id,
    {{ named_attributes(channel='channel_code') }},
    attempts.furthest_step_no,
    attempts.goal_step_no,
    attempts.attempt_state,
    attempts.value_amount,
    attempts.errors_count,
    coalesce(status.is_paying, false) as is_paying,
    attempts.is_mature,
    attempts.entered_date,
    attempts.entered_at,
    attempts.ends_at,
    attempts.last_event_at,
    attempts.goal_at
from {{ ref('fct_funnel_attempts') }} as attempts
inner join {{ ref('customer_registrations') }} as registration
    on attempts.customer_id = registration.customer_id
left join {{ ref('dim_customers') }} as customers
    on attempts.customer_id = customers.customer_id
{{ attributes_as_of('attempts', 'attempts.entered_date', ['usage_segment', 'status']) }}
