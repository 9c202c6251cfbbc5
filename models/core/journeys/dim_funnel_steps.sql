{{ config(materialized='view') }}
-- A step may go by several event names.
with steps as (
    select distinct
        funnel_code,
        step_no,
        step_code,
        title
    from {{ ref('funnel_steps') }}
)

select
    steps.funnel_code,
    steps.step_no,
    steps.step_code,
    steps.title as step_title,
    funnels.title as funnel_title,
    funnels.reminder_reason_code,
    funnels.is_strict,
    funnels.abandon_after_hours,
    max(steps.step_no) over (partition by steps.funnel_code) as goal_step_no
from steps
inner join {{ ref('funnels') }} as funnels
    on steps.funnel_code = funnels.funnel_code
