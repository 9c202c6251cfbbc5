-- A view: a run rebuilds only changed customers of the fact, and publication copies what a mart shows.
{{ config(materialized='view') }}
select
    customer_id,
    key_action_code,
    segment_code,
    title,
    component_code,
    customer_status,
    checklist_state,
    first_source,
    recorded_by_employee_id,
    step_order,
    min_count,
    times_done_count,
    days_from_registration,
    is_paying,
    is_required,
    is_done,
    is_next_action,
    viewed_at,
    first_done_at
from {{ ref('fct_key_actions') }}
