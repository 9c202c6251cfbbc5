-- Prevents a dead tag from looking like customers who do nothing (DQ-04): nobody did it for a whole look-back.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'mart_event_taxonomy_health'}}}) }}
with recent_events as (
    select distinct health.event_name
    from {{ ref('mart_event_taxonomy_health') }} as health
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on {{ days_between('health.event_date', 'run_context.as_of_date') }} < policy.taxonomy_lookback_days
    where health.events_count > 0
),

-- An event may name its component itself, so the use of a component is read from the facts as well.
recent_components as (
    select used.component_code
    from {{ ref('fct_component_usage_daily') }} as used
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('run_context') }} as run_context
        on used.usage_date <= run_context.as_of_date
        and {{ days_between('used.usage_date', 'run_context.as_of_date') }} < policy.taxonomy_lookback_days
    union
    select catalogue.component_code
    from {{ ref('dim_events') }} as catalogue
    inner join recent_events
        on catalogue.event_name = recent_events.event_name
    where catalogue.component_code is not null
),

silent_actions as (
    select
        actions.key_action_code,
        actions.segment_code
    from {{ ref('dim_key_actions') }} as actions
    inner join {{ ref('run_context') }} as run_context
        on {{ holds_at('actions', 'run_context.as_of_date') }}
    left join {{ ref('dim_key_action_events') }} as action_events
        on actions.key_action_code = action_events.key_action_code
        and actions.segment_code = action_events.segment_code
        and actions.valid_from = action_events.valid_from
    left join recent_events
        on action_events.event_name = recent_events.event_name
    group by actions.key_action_code, actions.segment_code
    having count(recent_events.event_name) = 0
)

select
    'key action' as silent_thing,
    key_action_code as code,
    segment_code as detail
from silent_actions
union all
select
    'component' as silent_thing,
    components.component_code as code,
    components.title as detail
from {{ ref('components') }} as components
inner join {{ ref('run_context') }} as run_context
    on components.available_from is null
    or components.available_from <= run_context.as_of_date
left join recent_components
    on components.component_code = recent_components.component_code
where recent_components.component_code is null
