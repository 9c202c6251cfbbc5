with weeks as (
    select
        max(week_end_date) as snapshot_date,
        {{ period_start('month', 'week_end_date') }} as snapshot_month
    from {{ ref('int_usage__weekly') }}
    group by {{ period_start('month', 'week_end_date') }}
),

months as (
    select
        snapshot_date,
        {{ add_days('snapshot_date', -27) }} as window_date,
        snapshot_month
    from weeks
),

-- Shares are taken on the last Sunday of the month, over customers who could use the component on that day.
members as (
    select
        months.snapshot_month,
        months.snapshot_date,
        members.customer_id,
        members.is_customer,
        components.segment_code,
        components.component_code
    from months
    inner join {{ ref('int_usage__weekly') }} as members
        on months.snapshot_date = members.week_end_date
    inner join {{ ref('dim_segment_components') }} as components
        on members.segment_code = components.segment_code
        and components.is_relevant
        and coalesce(components.available_date, months.snapshot_date) <= months.snapshot_date
    left join {{ ref('plan_components') }} as holdings
        on members.plan_code = holdings.plan_code
        and components.component_code = holdings.component_code
    where coalesce(holdings.is_available, true)
),

recent as (
    select distinct
        months.snapshot_month,
        weekly.customer_id,
        weekly.component_code
    from {{ ref('fct_usage_weekly') }} as weekly
    inner join months
        on weekly.week_start_date >= months.window_date
        and weekly.week_start_date <= months.snapshot_date
),

counted as (
    select
        members.component_code,
        members.segment_code,
        members.snapshot_month,
        max(members.snapshot_date) as snapshot_date,
        count(*) as eligible_count,
        count(case when uses.first_use_date <= members.snapshot_date then 1 end) as adopted_count,
        count(recent.customer_id) as users_count,
        count(case when members.is_customer then 1 end) as customers_count,
        count(case when members.is_customer then recent.customer_id end) as customer_users_count
    from members
    left join {{ ref('state_customer_component_usage') }} as uses
        on members.customer_id = uses.customer_id
        and members.component_code = uses.component_code
    left join recent
        on members.customer_id = recent.customer_id
        and members.component_code = recent.component_code
        and members.snapshot_month = recent.snapshot_month
    group by members.component_code, members.segment_code, members.snapshot_month
),

filled as (
    select
        components.component_code,
        components.segment_code,
        components.owner_team,
        components.target_adoption_pct,
        components.is_critical,
        coalesce(counted.eligible_count, 0) as eligible_count,
        coalesce(counted.adopted_count, 0) as adopted_count,
        coalesce(counted.users_count, 0) as users_count,
        coalesce(counted.customers_count, 0) as customers_count,
        coalesce(counted.customer_users_count, 0) as customer_users_count,
        months.snapshot_date,
        months.snapshot_month,
        run_context.as_of_date
    from {{ ref('dim_segment_components') }} as components
    cross join months
    cross join {{ ref('run_context') }} as run_context
    left join counted
        on components.component_code = counted.component_code
        and components.segment_code = counted.segment_code
        and months.snapshot_month = counted.snapshot_month
    where components.is_relevant
)

select
    component_code,
    segment_code,
    owner_team as owner_team_code,
    cast(adopted_count as bigint) as adopted_num,
    cast(eligible_count as bigint) as adopted_den,
    {{ pct('adopted_count', 'eligible_count') }} as adopted_pct,
    cast({{ pct('adopted_count', 'eligible_count') }} - lag({{ pct('adopted_count', 'eligible_count') }}) over (
        partition by component_code, segment_code order by snapshot_month
    ) as double) as adopted_change_pp,
    cast(users_count as bigint) as used_num,
    cast(eligible_count as bigint) as used_den,
    {{ pct('users_count', 'eligible_count') }} as used_pct,
    {{ wilson_pct('users_count', 'eligible_count', 'lo') }} as used_ci_lo,
    {{ wilson_pct('users_count', 'eligible_count', 'hi') }} as used_ci_hi,
    cast(customer_users_count as bigint) as customers_used_num,
    cast(customers_count as bigint) as customers_used_den,
    {{ pct('customer_users_count', 'customers_count') }} as customers_used_pct,
    cast(target_adoption_pct as double) as target_pct,
    is_critical,
    100.0 * users_count >= target_adoption_pct * nullif(eligible_count, 0) as is_target_met,
    {{ is_reliable('eligible_count') }} as is_reliable,
    -- A month is complete when no later Sunday of it can come.
    {{ period_start('month', add_days('snapshot_date', 7)) }} > snapshot_month as is_complete,
    snapshot_date,
    snapshot_month
from filled
