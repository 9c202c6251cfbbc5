-- Shares of customers with access, because growth of the base would hide a component that loses (USE-18).
with weeks as (
    select distinct
        {{ add_days('week_end_date', -6) }} as week_start_date,
        week_end_date
    from {{ ref('int_usage__weekly') }}
    where is_in_history
),

components as (
    select * from {{ ref('dim_segment_components') }}
    where is_relevant
),

-- What was changed about the component, or about the whole product.
changes as (
    select
        weeks.week_end_date,
        named.component_code,
        count(*) as changes_count,
        {{ sorted_list('changes.change_id') }} as change_ids
    from (select distinct component_code from components) as named
    inner join {{ ref('dim_changes') }} as changes
        on named.component_code = coalesce(changes.component_code, named.component_code)
    inner join weeks
        on changes.effective_date >= weeks.week_start_date
        and changes.effective_date <= weeks.week_end_date
    group by weeks.week_end_date, named.component_code
),

filled as (
    select
        components.segment_code,
        components.component_code,
        components.owner_team,
        components.target_adoption_pct,
        components.is_critical,
        coalesce(counted.access_count, 0) as access_count,
        coalesce(counted.customers_count, 0) as customers_count,
        coalesce(counted.week_users_count, 0) as week_users_count,
        coalesce(counted.current_users_count, 0) as current_users_count,
        coalesce(counted.current_customer_users_count, 0) as current_customer_users_count,
        coalesce(counted.adopted_count, 0) as adopted_count,
        coalesce(counted.stopped_count, 0) as stopped_count,
        coalesce(changes.changes_count, 0) as changes_count,
        changes.change_ids,
        weeks.week_start_date,
        weeks.week_end_date
    from weeks
    cross join components
    left join {{ ref('int_usage__component_weeks') }} as counted
        on weeks.week_end_date = counted.week_end_date
        and components.segment_code = counted.segment_code
        and components.component_code = counted.component_code
    left join changes
        on weeks.week_end_date = changes.week_end_date
        and components.component_code = changes.component_code
),

framed as (
    select
        *,
        lag(adopted_count, 4) over by_week as adopted_before_count,
        lag(access_count, 4) over by_week as adopted_before_access_count,
        sum(week_users_count) over four_before as users_before_count,
        sum(access_count) over four_before as access_before_count,
        count(*) over four_before as weeks_before_count,
        sum(week_users_count) over four_from as users_after_count,
        sum(access_count) over four_from as access_after_count,
        count(*) over four_from as weeks_after_count,
        sum(changes_count) over all_eight as changes_around_count
    from filled
    window
        by_week as (partition by segment_code, component_code order by week_start_date),
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
    owner_team as owner_team_code,
    cast(adopted_count as bigint) as adopted_num,
    cast(access_count as bigint) as adopted_den,
    {{ pct('adopted_count', 'access_count') }} as adopted_pct,
    {{ pct('adopted_count', 'access_count') }} - {{ pct('adopted_before_count', 'adopted_before_access_count') }}
        as adopted_change_pp,
    cast(current_users_count as bigint) as used_num,
    cast(access_count as bigint) as used_den,
    {{ pct('current_users_count', 'access_count') }} as used_pct,
    {{ wilson_pct('current_users_count', 'access_count', 'lo') }} as used_ci_lo,
    {{ wilson_pct('current_users_count', 'access_count', 'hi') }} as used_ci_hi,
    cast(current_customer_users_count as bigint) as customers_used_num,
    cast(customers_count as bigint) as customers_used_den,
    {{ pct('current_customer_users_count', 'customers_count') }} as customers_used_pct,
    cast(target_adoption_pct as {{ type_double() }}) as target_pct,
    is_critical,
    100.0 * current_users_count >= target_adoption_pct * nullif(access_count, 0) as is_target_met,
    cast(week_users_count as bigint) as used_in_week_num,
    cast(access_count as bigint) as used_in_week_den,
    {{ pct('week_users_count', 'access_count') }} as used_in_week_pct,
    cast(stopped_count as bigint) as stopped_num,
    cast(access_count as bigint) as stopped_den,
    {{ pct('stopped_count', 'access_count') }} as stopped_pct,
    change_ids as change_ids_key,
    cast(changes_count as bigint) as changes_count,
    case
        when weeks_before_count = 4 then {{ pct('users_before_count', 'access_before_count') }}
    end as four_weeks_before_pct,
    case
        when weeks_after_count = 4 then {{ pct('users_after_count', 'access_after_count') }}
    end as four_weeks_from_pct,
    case
        when weeks_before_count = 4 and weeks_after_count = 4
            then {{ pct('users_after_count', 'access_after_count') }}
                - {{ pct('users_before_count', 'access_before_count') }}
    end as used_in_week_change_pp,
    -- With several changes within the compared weeks the difference belongs to none of them alone.
    changes_around_count > 1 as is_confounded,
    {{ is_reliable('access_count') }} as is_reliable,
    -- No later Sunday of the month can come.
    {{ period_start('month', add_days('week_end_date', 7)) }} > {{ period_start('month', 'week_end_date') }}
        as is_month_end,
    week_start_date,
    week_end_date as snapshot_date
from framed
