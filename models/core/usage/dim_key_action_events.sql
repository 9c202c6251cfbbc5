{{ config(materialized=inlined('view')) }}
-- Names are matched between bars, because every engine splits a list differently. LIKE would read the underscore in a
-- name as any character.
select
    actions.key_action_code,
    actions.segment_code,
    events.event_name,
    actions.valid_from
from {{ ref('dim_key_actions') }} as actions
inner join {{ ref('dim_events') }} as events
    on not events.is_information_view
    and {{ dbt.position("'|' || events.event_name || '|'", "'|' || actions.event_names || '|'") }} > 0
