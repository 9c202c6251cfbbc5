-- Leavings with what was true of the customer on the last day.
select
    events.customer_id,
    events.spell_number,
    events.basis,
    events.plan_code,
    events.end_reason_code,
    events.mrr_lost,
    events.is_voluntary,
    events.started_date,
    events.left_date,
    events.left_month,
    events.recognised_date,
    events.returned_date,
    events.cancel_requested_at,
    segments.segment_code,
    value_segments.segment_code as value_segment_code,
    customers.region,
    customers.acquisition_channel,
    owners.employee_id as owner_id,
    {{ days_between('events.started_date', 'events.left_date') }} as tenure_days
from {{ ref('fct_churn_events') }} as events
inner join {{ ref('dim_customers') }} as customers
    on events.customer_id = customers.customer_id
left join {{ ref('dim_customer_segments') }} as segments
    on events.customer_id = segments.customer_id
    and segments.scheme = 'usage'
    and segments.valid_from < events.left_date
    and coalesce(segments.valid_to, {{ far_future() }}) >= events.left_date
left join {{ ref('dim_customer_segments') }} as value_segments
    on events.customer_id = value_segments.customer_id
    and value_segments.scheme = 'value'
    and value_segments.valid_from < events.left_date
    and coalesce(value_segments.valid_to, {{ far_future() }}) >= events.left_date
left join {{ ref('dim_customer_owners') }} as owners
    on events.customer_id = owners.customer_id
    and owners.role = 'account_manager'
    and owners.valid_from < {{ day_start_at('events.left_date') }}
    and coalesce(owners.valid_to, {{ far_future() }}) >= {{ day_start_at('events.left_date') }}
