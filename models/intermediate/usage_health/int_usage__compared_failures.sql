{{ config(materialized=inlined()) }}
{%- set followed = {
    'returned': ('fct_component_usage_daily', 'usage_date'),
    'churned': ('fct_churn_events', 'churned_date'),
} -%}
{%- set dimensions = {'status': 'customer_status', 'segment': 'segment_code'} -%}
-- USE-11: do customers stop after a component failed them several times?
with members as (
    select * from {{ ref('int_usage__failure_groups') }}
),

{% for found, (relation, day) in followed.items() -%}
{{ found }} as (
    select distinct
        members.customer_id,
        members.component_code,
        members.group_code
    from members
    cross join {{ ref('policy') }} as policy
    inner join {{ ref(relation) }} as later
        on members.customer_id = later.customer_id
        {{ 'and members.component_code = later.component_code' if found == 'returned' }}
        and later.{{ day }} > members.landmark_date
        and later.{{ day }} <= {{ add_days('members.landmark_date', 'policy.crash_follow_days') }}
),

{% endfor -%}
observed as (
    select
        members.*,
        coalesce(registration.registration_segment_code, 'unassigned') as segment_code,
        coalesce(status.status, 'registered') as customer_status,
        -- Trials and free plans cannot churn.
        coalesce(status.is_customer, false) as is_customer,
        {{ add_days('members.landmark_date', 'policy.crash_follow_days') }} <= run_context.as_of_date as is_followed,
        {{ add_days('members.landmark_date', 'policy.crash_follow_days') }}
        <= {{ last_final_date('run_context.as_of_date') }} as is_churn_known,
        returned.customer_id is null as has_stopped,
        churned.customer_id is not null as is_churned
    from members
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('customer_registrations') }} as registration
        on members.customer_id = registration.customer_id
    left join returned
        on members.customer_id = returned.customer_id
        and members.component_code = returned.component_code
        and members.group_code = returned.group_code
    left join churned
        on members.customer_id = churned.customer_id
        and members.component_code = churned.component_code
        and members.group_code = churned.group_code
    {{ attributes_as_of('members', 'members.landmark_date', ['status']) }}
),

broken_down as (
    {{ breakdowns_with_attributes('observed', dimensions, 'landmark_date') }}
),

counted as (
    select
        dimension_name,
        dimension_value,
        component_code,
        group_code,
        count(*) as used_members,
        count(case when is_followed then 1 end) as used_den,
        count(case when is_followed and has_stopped then 1 end) as used_num,
        count(case when is_customer then 1 end) as churn_members,
        count(case when is_customer and is_churn_known then 1 end) as churn_den,
        count(case when is_customer and is_churn_known and is_churned then 1 end) as churn_num
    from broken_down
    group by component_code, group_code, dimension_name, dimension_value
)

{%- for outcome, measure in {'stopped_using': 'used', 'churned': 'churn'}.items() %}
select
    counted.component_code as subject_code,
    cast(null as {{ dbt.type_string() }}) as subject_label,
    counted.component_code,
    counted.dimension_name,
    counted.dimension_value,
    counted.group_code,
    case counted.group_code when 'failing' then 1 else 2 end as group_order,
    '{{ outcome }}' as outcome_code,
    policy.crash_follow_days as horizon_days,
    counted.{{ measure }}_members as members_count,
    counted.{{ measure }}_members - counted.{{ measure }}_den as pending_count,
    0 as excluded_count,
    counted.{{ measure }}_num as outcome_num,
    counted.{{ measure }}_den as outcome_den,
    case counted.group_code when 'failing' then 'others' end as reference_group_code,
    cast(null as {{ type_double() }}) as median_days,
    counted.{{ measure }}_members = counted.{{ measure }}_den as is_complete,
    false as is_changed_again,
    cast(null as date) as started_date
from counted
cross join {{ ref('policy') }} as policy
{{ 'union all' if not loop.last }}
{%- endfor %}
