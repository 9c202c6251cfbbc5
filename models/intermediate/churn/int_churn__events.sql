-- Leavings with what was true of the customer on the last day.
select
    events.customer_id,
    events.source_customer_id,
    events.tenure_number,
    events.basis,
    events.plan_code,
    events.end_reason_code,
    events.mrr_lost,
    events.is_voluntary,
    events.started_date,
    events.churned_date,
    events.churned_month,
    events.recognised_date,
    events.reactivated_date,
    events.cancel_requested_at,
    usage_segment.segment_code,
    value_segment.segment_code as value_segment_code,
    customers.region,
    customers.acquisition_channel,
    account_manager.employee_id as owner_id,
    status.status as customer_status,
    status.is_paying,
    {{ days_between('events.started_date', 'events.churned_date') }} as tenure_days
from {{ ref('fct_churn_events') }} as events
inner join {{ ref('customer_accounts') }} as customers
    on events.customer_id = customers.customer_id
{{ attributes_as_of(
    'events',
    add_days('events.churned_date', -1),
    ['status', 'usage_segment', 'value_segment', 'account_manager'],
    source_customer='source_customer_id'
) }}
