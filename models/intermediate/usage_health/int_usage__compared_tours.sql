{{ config(materialized=inlined()) }}
{%- set rates = ['completed', 'skipped', 'returned', 'retained'] -%}
{%- set dimensions = {'status': 'customer_status', 'segment': 'segment_code', 'version': 'tour_version'} -%}
-- ACT-14: outcomes of customers who had to take the tour and of those who could skip it. The first tour counts,
-- because later ones are taken by customers who stayed; days are counted from it, the same number for everybody.
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

-- Use on the day of the tour is not a return.
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

observed as (
    select
        tours.customer_id,
        tours.started_date,
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

broken_down as (
    {{ breakdowns_with_attributes('observed', dimensions, 'started_date') }}
),

counted as (
    select
        dimension_name,
        dimension_value,
        {%- for rate in rates %}
        coalesce(sum(case when is_mature then {{ rate }} end), 0) as {{ rate }}_count,
        {%- endfor %}
        count(*) as customers_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature then 1 end) as mature_count,
        tour_kind
    from broken_down
    group by tour_kind, dimension_name, dimension_value
),

-- Every kind has a row for every value that has a tour, also where there is nobody to compare with.
kinds as (
    select 'forced' as tour_kind
    union all
    select 'skippable' as tour_kind
    union all
    select 'untold' as tour_kind
),

tour_values as (
    select distinct
        dimension_name,
        dimension_value
    from counted
),

filled as (
    select
        tour_values.dimension_name,
        tour_values.dimension_value,
        {%- for measure in ['customers', 'pending', 'mature'] + rates %}
        coalesce(counted.{{ measure }}_count, 0) as {{ measure }}_count,
        {%- endfor %}
        kinds.tour_kind
    from tour_values
    cross join kinds
    left join counted
        on tour_values.dimension_name = counted.dimension_name
        and tour_values.dimension_value = counted.dimension_value
        and kinds.tour_kind = counted.tour_kind
)

{%- for rate in rates %}
select
    'first_tour' as subject_code,
    cast(null as {{ dbt.type_string() }}) as subject_label,
    cast(null as {{ dbt.type_string() }}) as component_code,
    filled.dimension_name,
    filled.dimension_value,
    filled.tour_kind as group_code,
    case filled.tour_kind when 'forced' then 1 when 'skippable' then 2 else 3 end as group_order,
    '{{ rate }}' as outcome_code,
    {{ '2 * ' if rate == 'retained' }}policy.prompt_outcome_days as horizon_days,
    filled.customers_count as members_count,
    filled.pending_count,
    0 as excluded_count,
    filled.{{ rate }}_count as outcome_num,
    filled.mature_count as outcome_den,
    {{ "case filled.tour_kind when 'forced' then 'skippable' end" if rate in ['returned', 'retained']
        else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as reference_group_code,
    cast(null as {{ type_double() }}) as median_days,
    filled.pending_count = 0 as is_complete,
    false as is_changed_again,
    cast(null as date) as started_date
from filled
cross join {{ ref('policy') }} as policy
{{ 'union all' if not loop.last }}
{%- endfor %}
