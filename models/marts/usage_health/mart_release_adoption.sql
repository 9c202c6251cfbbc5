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

judged as (
    select
        releases.*,
        -- A contract that ended is a leaving only when the grace is over.
        {{ add_days('releases.churn_window_to', 'policy.churn_grace_days') }}
        <= releases.next_date as is_churn_known,
        releases.adoption_window_to <= releases.next_date as is_complete,
        confounders.change_id is not null as is_changed_again
    from releases
    left join confounders
        on releases.change_id = confounders.change_id
    cross join {{ ref('policy') }} as policy
),

leavings as (
    select
        judged.change_id,
        events.customer_id,
        min(events.churned_date) as churned_date
    from {{ ref('fct_churn_events') }} as events
    inner join judged
        on events.churned_date >= judged.effective_date
        and events.churned_date < judged.churn_window_to
    group by judged.change_id, events.customer_id
),

exposures as (
    select
        exposures.*,
        not exposures.is_early_user as is_eligible,
        not exposures.is_early_user
        and coalesce(leavings.churned_date >= exposures.landmark_date, true) as is_at_landmark,
        leavings.customer_id is not null as is_churned
    from {{ ref('int_releases__exposures') }} as exposures
    left join leavings
        on exposures.change_id = leavings.change_id
        and exposures.customer_id = leavings.customer_id
),

counted as (
    select
        change_id,
        segment_code,
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
    from exposures
    group by change_id, segment_code, exposure_kind
),

kinds as (
    select 'none' as exposure_kind
    union all
    select 'notified'
    union all
    select 'trained'
),

filled as (
    select
        judged.*,
        components.segment_code,
        kinds.exposure_kind,
        coalesce(counted.eligible_count, 0) as eligible_count,
        coalesce(counted.early_users_count, 0) as early_users_count,
        {% for count in ['aware', 'adopted', 'adopted_later', 'open'] %}
        case when judged.is_complete then coalesce(counted.{{ count }}_count, 0) else 0 end as {{ count }}_num,
        {% endfor %}
        case when judged.is_complete then coalesce(counted.eligible_count, 0) else 0 end as window_den,
        case when judged.is_churn_known then coalesce(counted.churned_count, 0) else 0 end as churned_num,
        case when judged.is_churn_known then coalesce(counted.at_landmark_count, 0) else 0 end as churned_den,
        case when judged.is_complete then counted.median_adoption_days end as median_adoption_days
    from judged
    inner join {{ ref('dim_segment_components') }} as components
        on judged.component_code = components.component_code
        and components.is_relevant
    cross join kinds
    left join counted
        on judged.change_id = counted.change_id
        and components.segment_code = counted.segment_code
        and kinds.exposure_kind = counted.exposure_kind
)

select
    change_id,
    description as change_label,
    component_code,
    segment_code,
    exposure_kind,
    cast(eligible_count as bigint) as eligible_count,
    cast(early_users_count as bigint) as early_users_count,
    cast(adopted_num as bigint) as adopted_num,
    cast(window_den as bigint) as adopted_den,
    {{ pct('adopted_num', 'window_den') }} as adopted_pct,
    {{ wilson_pct('adopted_num', 'window_den', 'lo') }} as adopted_ci_lo,
    {{ wilson_pct('adopted_num', 'window_den', 'hi') }} as adopted_ci_hi,
    cast(adopted_later_num as bigint) as adopted_after_landmark_num,
    cast(open_num as bigint) as adopted_after_landmark_den,
    {{ pct('adopted_later_num', 'open_num') }} as adopted_after_landmark_pct,
    {{ wilson_pct('adopted_later_num', 'open_num', 'lo') }} as adopted_after_landmark_ci_lo,
    {{ wilson_pct('adopted_later_num', 'open_num', 'hi') }} as adopted_after_landmark_ci_hi,
    cast(aware_num as bigint) as aware_num,
    cast(window_den as bigint) as aware_den,
    {{ pct('aware_num', 'window_den') }} as aware_pct,
    cast(median_adoption_days as double) as median_adoption_days,
    cast(churned_num as bigint) as churned_num,
    cast(churned_den as bigint) as churned_den,
    {{ pct('churned_num', 'churned_den') }} as churned_pct,
    is_complete,
    is_churn_known,
    is_changed_again,
    true as is_confounded,
    {{ is_reliable('eligible_count') }} as is_reliable,
    effective_date as release_date
from filled
