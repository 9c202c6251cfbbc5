-- Days on which customers could not work as usual: of the whole product (`*`), and of each component with those of the
-- whole product among them. Incidents that overlap are one.
with incidents as (
    select
        '*' as component_code,
        changes.effective_date as valid_from,
        changes.over_date as valid_to
    from {{ ref('dim_changes') }} as changes
    where changes.is_incident
        and changes.component_code is null
    union all
    select
        components.component_code,
        changes.effective_date as valid_from,
        changes.over_date as valid_to
    from {{ ref('components') }} as components
    inner join {{ ref('dim_changes') }} as changes
        on components.component_code = coalesce(changes.component_code, components.component_code)
    where changes.is_incident
)

{{ merged_periods('incidents', ['component_code']) }}
