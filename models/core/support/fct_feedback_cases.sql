{{ config(materialized=inlined('view')) }}
-- Cases as of the close of the day. The help desk's status is not read: moments give the state for any day.
select
    cases.case_id,
    cases.source_type,
    cases.source_id,
    cases.customer_id,
    cases.subject_employee_id,
    cases.subject_unit,
    case when cases.decided_at < run_context.as_of_end_at then cases.decided_by_employee_id end
        as decided_by_employee_id,
    cases.contact_id,
    cases.reason_topic,
    cases.fix_topic,
    case when cases.decided_at < run_context.as_of_end_at then cases.callback_required end as is_callback_required,
    cases.opened_date,
    cases.opened_at,
    {{ known('cases.processed_at') }} as processed_at,
    {{ known('cases.decided_at') }} as decided_at,
    {{ known('cases.resolved_at') }} as resolved_at,
    {{ known('cases.informed_at') }} as informed_at
from {{ ref('stg_support__feedback_cases') }} as cases
inner join {{ ref('run_context') }} as run_context
    on cases.opened_at < run_context.as_of_end_at
left join {{ ref('customer_registrations') }} as customers
    on cases.customer_id = customers.customer_id
-- Anonymous feedback counts; feedback of test accounts and deleted customers does not.
where cases.customer_id is null or customers.customer_id is not null
