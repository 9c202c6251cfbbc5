{{ config(materialized=inlined()) }}
-- ACT-16: customers who could take up a new component, grouped by their knowledge of it when the landmark day began.
-- Groups are compared from that day on; adoption within the whole window adds up to the release's own rate.
{% set adoption = ['windows.is_complete', 'policy.release_adoption_days'] %}
{% set churn = ['windows.is_churn_known', 'policy.release_churn_days'] %}
{% set outcomes = {
    'adopted': ['adopted_count', 'eligible_count'] + adoption + [false],
    'adopted_after_landmark': ['adopted_later_count', 'open_count'] + adoption + [true],
    'aware': ['aware_count', 'eligible_count'] + adoption + [false],
    'churned': ['churned_count', 'at_landmark_count'] + churn + [true],
} %}
with releases as (
    select
        changes.change_id,
        changes.component_code,
        changes.description,
        changes.effective_date,
        {{ add_days('changes.effective_date', 'policy.release_adoption_days') }}
            as adoption_window_to,
        {{ add_days('changes.effective_date', 'policy.release_churn_days') }}
            as churn_window_to,
        {{ add_days('run_context.as_of_date', 1) }} as next_date
    from {{ ref('dim_changes') }} as changes
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where changes.change_kind = 'feature_release'
        and changes.component_code is not null
),

-- What else was changed while customers might have taken it up.
confounders as (
    select
        releases.change_id,
        count(*) as changes_count
    from releases
    inner join {{ ref('dim_changes') }} as changes
        on releases.component_code = coalesce(changes.component_code, releases.component_code)
        and releases.effective_date <= changes.effective_date
        and releases.adoption_window_to > changes.effective_date
        and releases.change_id <> changes.change_id
    group by releases.change_id
),

windows as (
    select
        releases.*,
        -- A contract that ended is a churn only when the grace is over.
        {{ add_days('releases.churn_window_to', 'policy.churn_grace_days') }}
        <= releases.next_date as is_churn_known,
        releases.adoption_window_to <= releases.next_date as is_complete,
        confounders.change_id is not null as is_changed_again
    from releases
    left join confounders
        on releases.change_id = confounders.change_id
    cross join {{ ref('policy') }} as policy
),

churns as (
    select
        windows.change_id,
        events.customer_id,
        min(events.churned_date) as churned_date
    from {{ ref('fct_churn_events') }} as events
    inner join windows
        on events.churned_date >= windows.effective_date
        and events.churned_date < windows.churn_window_to
    group by windows.change_id, events.customer_id
),

exposures as (
    select
        exposures.*,
        not exposures.is_early_user as is_eligible,
        not exposures.is_early_user
        and coalesce(churns.churned_date >= exposures.landmark_date, true) as is_at_landmark,
        churns.customer_id is not null as is_churned
    from {{ ref('int_releases__exposures') }} as exposures
    left join churns
        on exposures.change_id = churns.change_id
        and exposures.customer_id = churns.customer_id
),

attributed as (
    {{ with_attributes('exposures', 'effective_date') }}
),

counted as (
    select
        change_id,
        coalesce(attribute_name, 'segment') as dimension_name,
        coalesce(attribute_value, segment_code) as dimension_value,
        exposure_kind,
        count(case when is_eligible then 1 end) as eligible_count,
        count(case when is_early_user then 1 end) as early_users_count,
        count(case when is_eligible and is_aware then 1 end) as aware_count,
        count(adopted_date) as adopted_count,
        count(case when is_at_landmark and is_open_at_landmark then 1 end) as open_count,
        count(case when is_at_landmark and is_open_at_landmark then adopted_date end) as adopted_later_count,
        -- Trials and free plans cannot churn.
        count(case when is_at_landmark and is_customer_at_landmark then 1 end) as at_landmark_count,
        count(case when is_at_landmark and is_customer_at_landmark and is_churned then 1 end) as churned_count,
        percentile_cont(0.5) within group (order by {{ days_between('effective_date', 'adopted_date') }})
            as median_adoption_days
    from attributed
    group by
        change_id, coalesce(attribute_name, 'segment'), coalesce(attribute_value, segment_code), exposure_kind
),

-- A segment that needs the component has its rows also where nobody of it was there.
cells as (
    select
        windows.change_id,
        'segment' as dimension_name,
        components.segment_code as dimension_value
    from windows
    inner join {{ ref('dim_segment_components') }} as components
        on windows.component_code = components.component_code
        and components.is_relevant
    union
    select
        change_id,
        dimension_name,
        dimension_value
    from counted
),

kinds as (
    select 'none' as exposure_kind
    union all
    select 'notified'
    union all
    select 'trained'
),

outcomes as (
    {%- for outcome, (outcome_num, outcome_den, is_complete, horizon_days, is_after_landmark) in outcomes.items() %}
    select
        windows.change_id,
        windows.description,
        windows.component_code,
        cells.dimension_name,
        cells.dimension_value,
        kinds.exposure_kind,
        '{{ outcome }}' as outcome_code,
        {{ horizon_days }} as horizon_days,
        coalesce(counted.eligible_count, 0) as eligible_count,
        coalesce(counted.early_users_count, 0) as early_users_count,
        case when {{ is_complete }} then coalesce(counted.{{ outcome_num }}, 0) else 0 end as outcome_num,
        case when {{ is_complete }} then coalesce(counted.{{ outcome_den }}, 0) else 0 end as outcome_den,
        {{ 'case when windows.is_complete then counted.median_adoption_days end' if outcome == 'adopted'
            else 'cast(null as ' ~ type_double() ~ ')' }} as median_days,
        -- Before the landmark day the groups are not formed yet.
        {{ "case when kinds.exposure_kind <> 'none' then 'none' end" if is_after_landmark
            else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as reference_group_code,
        {{ is_complete }} as is_complete,
        windows.is_changed_again,
        windows.effective_date
    from windows
    cross join {{ ref('policy') }} as policy
    inner join cells
        on windows.change_id = cells.change_id
    cross join kinds
    left join counted
        on windows.change_id = counted.change_id
        and cells.dimension_name = counted.dimension_name
        and cells.dimension_value = counted.dimension_value
        and kinds.exposure_kind = counted.exposure_kind
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    change_id as subject_code,
    description as subject_label,
    component_code,
    dimension_name,
    dimension_value,
    exposure_kind as group_code,
    case exposure_kind when 'none' then 1 when 'notified' then 2 else 3 end as group_order,
    outcome_code,
    horizon_days,
    eligible_count as members_count,
    case when is_complete then 0 else eligible_count end as pending_count,
    early_users_count as excluded_count,
    outcome_num,
    outcome_den,
    reference_group_code,
    median_days,
    is_complete,
    is_changed_again,
    effective_date as started_date
from outcomes
