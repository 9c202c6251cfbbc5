{{ config(materialized=inlined('view')) }}
-- Churn with what was true of the customer on the last day. Deleted accounts have no alerts, so their churn can be
-- neither caught nor missed.
select
    events.customer_id,
    events.tenure_number,
    events.basis,
    coalesce(segments.segment_code, 'unassigned') as segment_code,
    status.status as customer_status,
    events.churned_date
from {{ ref('fct_churn_events') }} as events
inner join {{ ref('dim_customers') }} as customers
    on events.customer_id = customers.customer_id
left join {{ ref('dim_customer_segments') }} as segments
    on events.customer_id = segments.customer_id
    and segments.scheme = 'usage'
    and segments.valid_from < events.churned_date
    and coalesce(segments.valid_to, {{ end_of_time('timestamp') }}) >= events.churned_date
{{ attributes_as_of('events', add_days('events.churned_date', -1), ['status']) }}
