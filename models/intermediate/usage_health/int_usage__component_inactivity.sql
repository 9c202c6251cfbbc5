-- Inactivity in one component that is longer than its limit and unlikely by chance, while the customer could use it
-- (USE-17).
{% set inactive_from = 'greatest(gaps.gap_from, tenures.present_from)' %}
with access_tenures as (
    select
        customer_id,
        present_from,
        max(coalesce(valid_to, {{ end_of_time('date') }})) as valid_to
    from {{ ref('customer_usage_periods') }}
    group by customer_id, present_from
),

found as (
    select
        gaps.customer_id,
        gaps.component_code,
        access_periods.segment_code,
        components.title,
        components.is_critical,
        components.inactive_days,
        gaps.gap_from,
        -- Strictly longer than the limit.
        greatest(
            {{ add_days(inactive_from, 'components.inactive_days + 1') }}, gaps.unlikely_from, access_periods.valid_from
        ) as valid_from,
        least(
            coalesce(gaps.gap_to, {{ end_of_time('date') }}),
            coalesce(access_periods.valid_to, {{ end_of_time('date') }})
        ) as valid_to
    from {{ ref('state_usage_gaps') }} as gaps
    inner join {{ ref('customer_component_periods') }} as access_periods
        on gaps.customer_id = access_periods.customer_id
        and gaps.component_code = access_periods.component_code
        and access_periods.is_relevant
        and access_periods.valid_from < coalesce(gaps.gap_to, {{ end_of_time('date') }})
    inner join access_tenures as tenures
        on access_periods.customer_id = tenures.customer_id
        and access_periods.valid_from >= tenures.present_from
        and access_periods.valid_from < tenures.valid_to
    inner join {{ ref('dim_segment_components') }} as components
        on access_periods.segment_code = components.segment_code
        and gaps.component_code = components.component_code
        and not components.is_one_off
    cross join {{ ref('policy') }} as policy
    where gaps.uses_count >= policy.abandonment_min_uses
        and gaps.unlikely_from is not null
),

inactivity as (
    select * from found
    where valid_from < valid_to
),

-- Days of the inactivity on which the component was out of order.
interrupted as (
    select
        inactivity.customer_id,
        inactivity.component_code,
        inactivity.valid_from,
        sum({{ days_between(
            'greatest(incidents.valid_from, ' ~ add_days('inactivity.gap_from', 1) ~ ')',
            'least(incidents.valid_to, inactivity.valid_from)'
        ) }}) as incident_days
    from inactivity
    inner join {{ ref('int_usage__incidents') }} as incidents
        on inactivity.component_code = incidents.component_code
        and incidents.valid_from < inactivity.valid_from
        and incidents.valid_to > {{ add_days('inactivity.gap_from', 1) }}
    group by inactivity.customer_id, inactivity.component_code, inactivity.valid_from
)

select
    inactivity.*,
    cast(coalesce(interrupted.incident_days, 0) as integer) as incident_days
from inactivity
left join interrupted
    on inactivity.customer_id = interrupted.customer_id
    and inactivity.component_code = interrupted.component_code
    and inactivity.valid_from = interrupted.valid_from
