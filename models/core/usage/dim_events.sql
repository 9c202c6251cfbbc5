select
    event_name,
    title,
    component_code,
    content_format,
    onboarding_role,
    coalesce(is_usage, false) as is_usage,
    coalesce(is_information_view, false) as is_information_view,
    coalesce(is_error, false) as is_error
from {{ ref('event_catalogue') }}
