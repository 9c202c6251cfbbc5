{%- set rates = ['completed', 'skipped', 'returned', 'retained'] -%}
{%- set dimensions = {'status': 'customer_status', 'segment': 'segment_code', 'version': 'tour_version'} -%}
-- What became of those who were made to take the tour and of those who could skip it. The first tour counts, for later
-- ones are taken by whoever stayed; days are counted from it, so that nobody is judged earlier than anybody else.
with tours as (
    select
        events.customer_id,
        coalesce(registration.registration_segment_code, 'unassigned') as segment_code,
        status.status as customer_status,
        coalesce(events.tour_version, 'unknown') as tour_version,
        case
            when events.is_forced then 'forced'
            when not events.is_forced then 'skippable'
            else 'untold'
        end as tour_kind,
        events.event_date as started_date,
        events.occurred_at as started_at,
        {{ add_days('events.event_date', 'policy.prompt_outcome_days') }} as reactivated_to_date,
        {{ add_days('events.event_date', '2 * policy.prompt_outcome_days') }} as retained_to_date,
        row_number() over (partition by events.customer_id order by events.occurred_at, events.event_id) as tour_number
    from {{ ref('fct_onboarding_events') }} as events
    inner join {{ ref('run_context') }} as run_context
        on events.event_date <= run_context.as_of_date
    inner join {{ ref('customer_registrations') }} as registration
        on events.customer_id = registration.customer_id
    {{ attributes_as_of('events', 'events.event_date', ['status']) }}
    cross join {{ ref('policy') }} as policy
    where events.onboarding_role = 'tour_started'
),

ends as (
    select
        tours.customer_id,
        max(case when events.onboarding_role = 'tour_completed' then 1 else 0 end) as completed,
        max(case when events.onboarding_role = 'tour_skipped' then 1 else 0 end) as skipped
    from tours
    inner join {{ ref('fct_onboarding_events') }} as events
        on tours.customer_id = events.customer_id
        and tours.tour_number = 1
        and events.onboarding_role in ('tour_completed', 'tour_skipped')
        and events.occurred_at >= tours.started_at
        and events.event_date < tours.reactivated_to_date
    group by tours.customer_id
),

-- Use on the day of the tour proves nothing yet.
uses as (
    select
        tours.customer_id,
        max(case when use_days.usage_date < tours.reactivated_to_date then 1 else 0 end) as returned,
        max(case when use_days.usage_date >= tours.reactivated_to_date then 1 else 0 end) as retained
    from tours
    inner join {{ ref('fct_customer_usage_daily') }} as use_days
        on tours.customer_id = use_days.customer_id
        and tours.tour_number = 1
        and use_days.usage_date > tours.started_date
        and use_days.usage_date < tours.retained_to_date
    group by tours.customer_id
),

judged as (
    select
        tours.tour_kind,
        tours.segment_code,
        tours.customer_status,
        tours.tour_version,
        tours.retained_to_date <= run_context.as_of_date as is_mature,
        coalesce(ends.completed, 0) as completed,
        coalesce(ends.skipped, 0) as skipped,
        coalesce(uses.returned, 0) as returned,
        coalesce(uses.retained, 0) as retained
    from tours
    cross join {{ ref('run_context') }} as run_context
    left join ends
        on tours.customer_id = ends.customer_id
    left join uses
        on tours.customer_id = uses.customer_id
    where tours.tour_number = 1
),

counted as (
    select
        {{ breakdown_columns(dimensions) }},
        {%- for rate in rates %}
        coalesce(sum(case when is_mature then {{ rate }} end), 0) as {{ rate }}_count,
        {%- endfor %}
        count(*) as customers_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature then 1 end) as mature_count,
        tour_kind
    from judged
    group by {{ breakdown_sets(dimensions, ['tour_kind']) }}
),

-- Every kind has a row in every cut that has a tour, so that one sees with whom there is nobody to compare.
kinds as (
    select 'forced' as tour_kind
    union all
    select 'skippable' as tour_kind
    union all
    select 'untold' as tour_kind
),

cuts as (
    select distinct
        dimension_name,
        dimension_value
    from counted
),

filled as (
    select
        cuts.dimension_name,
        cuts.dimension_value,
        {%- for measure in ['customers', 'pending', 'mature'] + rates %}
        coalesce(counted.{{ measure }}_count, 0) as {{ measure }}_count,
        {%- endfor %}
        kinds.tour_kind
    from cuts
    cross join kinds
    left join counted
        on cuts.dimension_name = counted.dimension_name
        and cuts.dimension_value = counted.dimension_value
        and kinds.tour_kind = counted.tour_kind
),

bounded as (
    select
        {%- for rate in rates %}
        {{ pct(rate ~ '_count', 'mature_count') }} as {{ rate }}_pct,
        {{ wilson_pct(rate ~ '_count', 'mature_count', 'lo') }} as {{ rate }}_ci_lo,
        {{ wilson_pct(rate ~ '_count', 'mature_count', 'hi') }} as {{ rate }}_ci_hi,
        {%- endfor %}
        *
    from filled
)

select
    own.dimension_name,
    own.dimension_value,
    own.tour_kind as tour_kind_code,
    cast(own.customers_count as bigint) as customers_count,
    cast(own.pending_count as bigint) as pending_count,
    {%- for rate in rates %}
    cast(own.{{ rate }}_count as bigint) as {{ rate }}_num,
    cast(own.mature_count as bigint) as {{ rate }}_den,
    own.{{ rate }}_pct,
    own.{{ rate }}_ci_lo,
    own.{{ rate }}_ci_hi,
    {%- endfor %}
    {%- for rate in ['returned', 'retained'] %}
    own.{{ rate }}_pct - skippable.{{ rate }}_pct as {{ rate }}_lift_pp,
    {%- for side in ['lo', 'hi'] %}
    {{ newcombe_pp('own.' ~ rate, 'skippable.' ~ rate, side) }} as {{ rate }}_lift_pp_{{ side }},
    {%- endfor %}
    {%- endfor %}
    own.pending_count = 0 as is_complete,
    {{ is_reliable('own.mature_count') }} as is_reliable,
    true as is_confounded
from bounded as own
left join bounded as skippable
    on own.dimension_name = skippable.dimension_name
    and own.dimension_value = skippable.dimension_value
    -- Only the forced are held against the others.
    and case own.tour_kind when 'forced' then 'skippable' end = skippable.tour_kind
