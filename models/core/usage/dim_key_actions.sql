{{ config(materialized=inlined('view')) }}
with actions as (
    select
        key_action_code,
        segment_code,
        title,
        component_code,
        event_names,
        min_count,
        within_days,
        step_order,
        is_required,
        valid_from,
        valid_to,
        origin,
        reason
    from {{ ref('key_actions') }}
),

resolved as (
    select
        actions.key_action_code,
        actions.segment_code,
        actions.valid_from,
        count(events.event_name) as resolved_events_count
    from actions
    left join {{ ref('dim_events') }} as events
        -- Looking at information never activates a customer, whatever policy lists (ACT-03).
        on not events.is_information_view
        and {{ dbt.position("'|' || events.event_name || '|'", "'|' || actions.event_names || '|'") }} > 0
    group by actions.key_action_code, actions.segment_code, actions.valid_from
)

select
    actions.key_action_code,
    actions.segment_code,
    actions.title,
    actions.component_code,
    actions.event_names,
    actions.origin,
    actions.reason,
    actions.min_count,
    actions.within_days,
    actions.step_order,
    resolved.resolved_events_count,
    actions.is_required,
    actions.valid_from,
    actions.valid_to
from actions
inner join resolved
    on actions.key_action_code = resolved.key_action_code
    and actions.segment_code = resolved.segment_code
    and actions.valid_from = resolved.valid_from
