{{ config(materialized=inlined('view')) }}
-- Every segment x component: one that policy does not name is relevant, with weight 1 and the default inactivity limit.
select
    segments.segment_code,
    components.component_code,
    components.title,
    components.owner_team,
    coalesce(components.is_one_off, false) as is_one_off,
    coalesce(norms.is_relevant, true) as is_relevant,
    coalesce(norms.is_critical, false) as is_critical,
    cast(case when coalesce(norms.is_relevant, true) then coalesce(norms.weight, 1) else 0 end as {{ type_double() }})
        as weight,
    cast(coalesce(norms.inactive_days, policy.usage_default_inactive_days) as integer) as inactive_days,
    norms.target_adoption_pct,
    components.available_from as available_date
from {{ ref('dim_segment_policy') }} as segments
cross join {{ ref('components') }} as components
left join {{ ref('segment_components') }} as norms
    on segments.segment_code = norms.segment_code
    and components.component_code = norms.component_code
cross join {{ ref('policy') }} as policy
