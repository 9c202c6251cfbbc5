-- Shares of present customers, because growth of the base would hide a component that loses (USE-18).
with weeks as (
    select distinct
        week_end_date,
        {{ add_days('week_end_date', -6) }} as week_start_date
    from {{ ref('int_usage__weekly') }}
),

stops as (
    select distinct
        weeks.week_end_date,
        silences.customer_id,
        silences.component_code
    from {{ ref('int_usage__component_silences') }} as silences
    inner join weeks
        on silences.valid_from >= weeks.week_start_date
        and silences.valid_from <= weeks.week_end_date
),

bases as (
    select
        members.week_end_date,
        components.segment_code,
        components.component_code,
        count(*) as active_count,
        count(stops.customer_id) as stopped_count
    from {{ ref('int_usage__weekly') }} as members
    inner join {{ ref('dim_segment_components') }} as components
        on members.segment_code = components.segment_code
        and components.is_relevant
        and coalesce(components.available_date, members.week_end_date) <= members.week_end_date
    left join {{ ref('dim_plan_components') }} as holdings
        on members.plan_code = holdings.plan_code
        and components.component_code = holdings.component_code
    left join stops
        on members.week_end_date = stops.week_end_date
        and members.customer_id = stops.customer_id
        and components.component_code = stops.component_code
    where coalesce(holdings.is_available, true)
    group by members.week_end_date, components.segment_code, components.component_code
),

users as (
    select
        weeks.week_end_date,
        members.segment_code,
        weekly.component_code,
        count(*) as users_count
    from {{ ref('fct_usage_weekly') }} as weekly
    inner join weeks
        on weekly.week_start_date = weeks.week_start_date
    inner join {{ ref('int_usage__weekly') }} as members
        on weekly.customer_id = members.customer_id
        and weeks.week_end_date = members.week_end_date
    inner join {{ ref('dim_segment_components') }} as components
        on members.segment_code = components.segment_code
        and weekly.component_code = components.component_code
    left join {{ ref('dim_plan_components') }} as holdings
        on members.plan_code = holdings.plan_code
        and weekly.component_code = holdings.component_code
    where coalesce(holdings.is_available, true)
    group by weeks.week_end_date, members.segment_code, weekly.component_code
),

-- What was changed about the component, or about the whole product.
changes as (
    select
        weeks.week_end_date,
        components.component_code,
        count(*) as changes_count,
        {{ sorted_list('changes.change_id') }} as change_ids
    from (
        select distinct component_code
        from {{ ref('dim_segment_components') }}
    ) as components
    inner join {{ ref('dim_changes') }} as changes
        on components.component_code = coalesce(changes.component_code, components.component_code)
    inner join weeks
        on changes.effective_date >= weeks.week_start_date
        and changes.effective_date <= weeks.week_end_date
    group by weeks.week_end_date, components.component_code
),

filled as (
    select
        components.segment_code,
        components.component_code,
        coalesce(bases.active_count, 0) as active_count,
        coalesce(users.users_count, 0) as users_count,
        coalesce(bases.stopped_count, 0) as stopped_count,
        coalesce(changes.changes_count, 0) as changes_count,
        changes.change_ids,
        weeks.week_start_date,
        weeks.week_end_date
    from weeks
    cross join {{ ref('dim_segment_components') }} as components
    left join bases
        on weeks.week_end_date = bases.week_end_date
        and components.segment_code = bases.segment_code
        and components.component_code = bases.component_code
    left join users
        on weeks.week_end_date = users.week_end_date
        and components.segment_code = users.segment_code
        and components.component_code = users.component_code
    left join changes
        on weeks.week_end_date = changes.week_end_date
        and components.component_code = changes.component_code
    where components.is_relevant
),

framed as (
    select
        *,
        sum(users_count) over four_before as users_before_count,
        sum(active_count) over four_before as active_before_count,
        count(*) over four_before as weeks_before_count,
        sum(users_count) over four_from as users_after_count,
        sum(active_count) over four_from as active_after_count,
        count(*) over four_from as weeks_after_count,
        sum(changes_count) over all_eight as changes_around_count
    from filled
    window
        four_before as (
            partition by segment_code, component_code order by week_start_date
            rows between 4 preceding and 1 preceding
        ),
        four_from as (
            partition by segment_code, component_code order by week_start_date
            rows between current row and 3 following
        ),
        all_eight as (
            partition by segment_code, component_code order by week_start_date
            rows between 4 preceding and 3 following
        )
)

select
    component_code,
    segment_code,
    cast(users_count as bigint) as used_num,
    cast(active_count as bigint) as used_den,
    {{ pct('users_count', 'active_count') }} as used_pct,
    cast(stopped_count as bigint) as stopped_num,
    cast(active_count as bigint) as stopped_den,
    {{ pct('stopped_count', 'active_count') }} as stopped_pct,
    change_ids as change_ids_key,
    cast(changes_count as bigint) as changes_count,
    case
        when weeks_before_count = 4 then {{ pct('users_before_count', 'active_before_count') }}
    end as four_weeks_before_pct,
    case
        when weeks_after_count = 4 then {{ pct('users_after_count', 'active_after_count') }}
    end as four_weeks_from_pct,
    case
        when weeks_before_count = 4 and weeks_after_count = 4
            then {{ pct('users_after_count', 'active_after_count') }}
                - {{ pct('users_before_count', 'active_before_count') }}
    end as used_change_pp,
    -- Of several changes within the compared weeks nobody can say which one it was.
    changes_around_count > 1 as is_confounded,
    active_count >= {{ threshold('min_reliable_count') }} as is_reliable,
    week_start_date
from framed
