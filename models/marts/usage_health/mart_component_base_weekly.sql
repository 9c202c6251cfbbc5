-- Shares of present customers, because growth of the base would hide a component that loses (USE-18).
with weeks as (
    select distinct
        week_end_date,
        {{ add_days('week_end_date', -6) }} as week_start_date
    from {{ ref('int_usage__weekly') }}
),

-- Counted before the components come to them, or each customer would be looked at once per component.
members as (
    select
        week_end_date,
        segment_code,
        coalesce(plan_code, '(none)') as plan_code,
        count(*) as customers_count
    from {{ ref('int_usage__weekly') }}
    group by week_end_date, segment_code, coalesce(plan_code, '(none)')
),

relevant as (
    {{ entitled_components('members') }}
),

bases as (
    select
        members.week_end_date,
        relevant.segment_code,
        relevant.component_code,
        sum(members.customers_count) as active_count
    from members
    inner join relevant
        on members.segment_code = relevant.segment_code
        and members.plan_code = relevant.plan_code
        and relevant.available_date <= members.week_end_date
    group by members.week_end_date, relevant.segment_code, relevant.component_code
),

-- Who used a component in a week, and who gave it up in it.
happenings as (
    select
        customer_id,
        component_code,
        {{ add_days('week_start_date', 6) }} as week_end_date,
        1 as is_used,
        0 as is_stopped
    from {{ ref('fct_usage_weekly') }}
    union all
    select distinct
        inactivity.customer_id,
        inactivity.component_code,
        weeks.week_end_date,
        0 as is_used,
        1 as is_stopped
    from {{ ref('int_usage__component_inactivity') }} as inactivity
    inner join weeks
        on inactivity.valid_from >= weeks.week_start_date
        and inactivity.valid_from <= weeks.week_end_date
),

happened as (
    select
        members.week_end_date,
        members.segment_code,
        coalesce(members.plan_code, '(none)') as plan_code,
        happenings.component_code,
        sum(happenings.is_used) as users_count,
        sum(happenings.is_stopped) as stopped_count
    from happenings
    inner join {{ ref('int_usage__weekly') }} as members
        on happenings.customer_id = members.customer_id
        and happenings.week_end_date = members.week_end_date
    group by
        members.week_end_date, members.segment_code, coalesce(members.plan_code, '(none)'), happenings.component_code
),

users as (
    select
        happened.week_end_date,
        relevant.segment_code,
        relevant.component_code,
        sum(happened.users_count) as users_count,
        sum(case
            when relevant.available_date <= happened.week_end_date then happened.stopped_count
        end) as stopped_count
    from happened
    inner join relevant
        on happened.segment_code = relevant.segment_code
        and happened.plan_code = relevant.plan_code
        and happened.component_code = relevant.component_code
    group by happened.week_end_date, relevant.segment_code, relevant.component_code
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
        coalesce(users.stopped_count, 0) as stopped_count,
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
    {{ is_reliable('active_count') }} as is_reliable,
    week_start_date
from framed
