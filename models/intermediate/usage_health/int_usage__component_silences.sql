-- Silences of one component that are no chance and longer than its limit, while the customer could use it (USE-17).
{% set silent_from = 'greatest(gaps.gap_from, periods.present_from)' %}
with silences as (
    select
        gaps.customer_id,
        gaps.component_code,
        periods.segment_code,
        components.title,
        components.is_critical,
        components.idle_days,
        gaps.gap_from,
        greatest(
            {{ add_days(silent_from, 'components.idle_days + 1') }}, gaps.unlikely_from, periods.valid_from
        ) as valid_from,
        least(coalesce(gaps.gap_to, {{ open_end() }}), coalesce(periods.valid_to, {{ open_end() }})) as valid_to
    from {{ ref('state_usage_gaps') }} as gaps
    inner join {{ ref('int_customers__usage_periods') }} as periods
        on gaps.customer_id = periods.customer_id
        and periods.valid_from < coalesce(gaps.gap_to, {{ open_end() }})
    inner join {{ ref('dim_segment_components') }} as components
        on periods.segment_code = components.segment_code
        and gaps.component_code = components.component_code
        and components.is_relevant
        and not components.is_one_off
    left join {{ ref('dim_plan_components') }} as holdings
        on periods.plan_code = holdings.plan_code
        and gaps.component_code = holdings.component_code
    where gaps.uses_count >= {{ threshold('abandonment_min_uses') }}
        and gaps.unlikely_from is not null
        and coalesce(holdings.is_available, true)
        -- Strictly longer than the limit, and before it is used again.
        and greatest(
            {{ add_days(silent_from, 'components.idle_days + 1') }}, gaps.unlikely_from, periods.valid_from
        ) < least(coalesce(gaps.gap_to, {{ open_end() }}), coalesce(periods.valid_to, {{ open_end() }}))
),

-- Days of the silence on which the component was out of order.
interrupted as (
    select
        silences.customer_id,
        silences.component_code,
        silences.valid_from,
        sum({{ days_between(
            'greatest(incidents.valid_from, ' ~ add_days('silences.gap_from', 1) ~ ')',
            'least(incidents.valid_to, silences.valid_from)'
        ) }}) as incident_days
    from silences
    inner join {{ ref('int_components__incidents') }} as incidents
        on silences.component_code = incidents.component_code
        and incidents.valid_from < silences.valid_from
        and incidents.valid_to > {{ add_days('silences.gap_from', 1) }}
    group by silences.customer_id, silences.component_code, silences.valid_from
)

select
    silences.*,
    cast(coalesce(interrupted.incident_days, 0) as integer) as incident_days
from silences
left join interrupted
    on silences.customer_id = interrupted.customer_id
    and silences.component_code = interrupted.component_code
    and silences.valid_from = interrupted.valid_from
