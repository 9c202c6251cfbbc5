-- Periods in which a customer can use a component (USE-16): it is released, the plan includes it, and its relevance to
-- the segment stays the same. Other changes do not split a period.
with accessible as (
    select
        periods.customer_id,
        periods.segment_code,
        components.component_code,
        components.is_relevant,
        greatest(periods.valid_from, coalesce(components.available_date, periods.valid_from)) as valid_from,
        periods.valid_to
    from {{ ref('customer_usage_periods') }} as periods
    inner join {{ ref('dim_segment_components') }} as components
        on periods.segment_code = components.segment_code
    left join {{ ref('plan_components') }} as holdings
        on periods.plan_code = holdings.plan_code
        and components.component_code = holdings.component_code
    where coalesce(holdings.is_available, true)
        and coalesce(components.available_date, periods.valid_from)
        < coalesce(periods.valid_to, {{ end_of_time('date') }})
),

by_segment as (
    {{ merged_periods('accessible', ['customer_id', 'component_code', 'is_relevant', 'segment_code']) }}
),

runs as (
    {{ merged_periods('accessible', ['customer_id', 'component_code', 'is_relevant']) }}
)

select
    by_segment.customer_id,
    by_segment.component_code,
    by_segment.segment_code,
    by_segment.is_relevant,
    runs.valid_from as available_from,
    by_segment.valid_from,
    by_segment.valid_to
from by_segment
inner join runs
    on by_segment.customer_id = runs.customer_id
    and by_segment.component_code = runs.component_code
    and by_segment.is_relevant = runs.is_relevant
    and {{ holds_at('runs', 'by_segment.valid_from') }}
