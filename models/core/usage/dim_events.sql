-- Names of the catalogue, and names that came without being listed there.
with unlisted as (
    select distinct volumes.event_name
    from {{ ref('fct_event_volume_daily') }} as volumes
    left join {{ ref('event_catalogue') }} as catalogue
        on volumes.event_name = catalogue.event_name
    where catalogue.event_name is null
)

select
    event_name,
    title,
    component_code,
    content_format,
    onboarding_role,
    coalesce(is_usage, false) as is_usage,
    coalesce(is_information_view, false) as is_information_view,
    coalesce(is_error, false) as is_error,
    true as is_listed
from {{ ref('event_catalogue') }}
union all
select
    unlisted.event_name,
    unlisted.event_name as title,
    cast(null as {{ dbt.type_string() }}) as component_code,
    cast(null as {{ dbt.type_string() }}) as content_format,
    cast(null as {{ dbt.type_string() }}) as onboarding_role,
    policy.unlisted_events_are_usage = 1 as is_usage,
    false as is_information_view,
    false as is_error,
    false as is_listed
from unlisted
cross join {{ ref('policy') }} as policy
