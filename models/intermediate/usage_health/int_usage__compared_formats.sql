{{ config(materialized=inlined()) }}
{%- set dimensions = {'status': 'customer_status', 'segment': 'segment_code'} -%}
-- ACT-19: do customers who learned with a simulator act sooner than those who read instructions? The first day with any
-- format forms the group, and days are counted from it; else a customer who looks on until it works decides the group.
with learned as (
    select
        events.customer_id,
        catalogue.content_format,
        {{ business_date('events.first_at') }} as learned_date
    from {{ ref('state_customer_events') }} as events
    inner join {{ ref('dim_events') }} as catalogue
        on events.event_name = catalogue.event_name
        and catalogue.is_information_view
        and catalogue.content_format is not null
        -- A report that a customer opens teaches nothing about the product.
        and catalogue.component_code is null
),

first_days as (
    select
        customer_id,
        min(learned_date) as learned_date
    from learned
    group by customer_id
),

starts as (
    select
        first_days.customer_id,
        first_days.learned_date,
        case when count(distinct learned.content_format) > 1 then 'multiple' else max(learned.content_format) end
            as content_format
    from first_days
    inner join learned
        on first_days.customer_id = learned.customer_id
        and first_days.learned_date = learned.learned_date
    group by
        first_days.customer_id,
        first_days.learned_date
),

actions as (
    select
        customer_id,
        min({{ business_date('first_done_at') }}) as first_done_date
    from {{ ref('fct_key_actions') }}
    where first_done_at is not null
    group by customer_id
),

-- Customers who had acted by the close of that day had nothing to learn for it.
observed as (
    select
        starts.customer_id,
        starts.learned_date,
        starts.content_format,
        coalesce(registration.registration_segment_code, 'unassigned') as segment_code,
        coalesce(status.status, 'registered') as customer_status,
        {{ add_days('starts.learned_date', 'policy.activation_window_medium_days') }} <= run_context.as_of_date
            as is_mature,
        coalesce(
            actions.first_done_date
            <= {{ add_days('starts.learned_date', 'policy.activation_window_medium_days') }},
            false
        ) as has_acted
    from starts
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('customer_registrations') }} as registration
        on starts.customer_id = registration.customer_id
        and starts.learned_date >= registration.registered_date
    left join actions
        on starts.customer_id = actions.customer_id
    {{ attributes_as_of('starts', 'starts.learned_date', ['status']) }}
    where coalesce(actions.first_done_date > starts.learned_date, true)
),

broken_down as (
    {{ breakdowns_with_attributes('observed', dimensions, 'learned_date') }}
),

counted as (
    select
        dimension_name,
        dimension_value,
        content_format,
        count(*) as members_count,
        count(case when not is_mature then 1 end) as pending_count,
        count(case when is_mature and has_acted then 1 end) as outcome_num,
        count(case when is_mature then 1 end) as outcome_den
    from broken_down
    group by content_format, dimension_name, dimension_value
)

select
    'first_format' as subject_code,
    cast(null as {{ dbt.type_string() }}) as subject_label,
    cast(null as {{ dbt.type_string() }}) as component_code,
    counted.dimension_name,
    counted.dimension_value,
    counted.content_format as group_code,
    case counted.content_format
        when 'text' then 1 when 'article' then 2 when 'video' then 3 when 'hint' then 4 when 'simulator' then 5
        when 'multiple' then 7 else 6
    end as group_order,
    'acted' as outcome_code,
    policy.activation_window_medium_days as horizon_days,
    counted.members_count,
    counted.pending_count,
    0 as excluded_count,
    counted.outcome_num,
    counted.outcome_den,
    case when counted.content_format <> 'text' then 'text' end as reference_group_code,
    cast(null as {{ type_double() }}) as median_days,
    counted.pending_count = 0 as is_complete,
    false as is_changed_again,
    cast(null as date) as started_date
from counted
cross join {{ ref('policy') }} as policy
