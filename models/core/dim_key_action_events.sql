-- Names are matched between bars, which every engine can do, instead of splitting a list, which each does differently.
select
    actions.key_action_code,
    actions.segment_code,
    events.event_name,
    actions.valid_from
from {{ ref('dim_key_actions') }} as actions
inner join {{ ref('dim_events') }} as events
    on not events.is_information_view
    and '|' || actions.event_names || '|' like '%|' || events.event_name || '|%'
