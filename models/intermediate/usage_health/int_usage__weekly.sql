-- How a customer stands on each Sunday that is compared with peers: whole weeks, from the begin of a quarter on, so
-- that the first day of a signal does not move from night to night.
with weeks as (
    select distinct
        dates.week_start_date,
        {{ add_days('dates.week_start_date', 6) }} as week_end_date
    from {{ ref('dim_dates') }} as dates
    cross join {{ ref('run_context') }} as run_context
    where {{ add_days('dates.week_start_date', 6) }} <= run_context.as_of_date
        and {{ add_days('dates.week_start_date', 6) }} >= {{ period_start('quarter', add_days(
            'run_context.as_of_date', 'cast(-' ~ threshold('usage_history_days') ~ ' as integer)'
        )) }}
),

members as (
    select
        weeks.week_end_date,
        periods.customer_id,
        periods.segment_code,
        periods.plan_code,
        {{ days_between('greatest(periods.observed_date, periods.present_from)', 'weeks.week_end_date') }} + 1 >= 28
            as has_history
    from weeks
    inner join {{ ref('int_customers__usage_periods') }} as periods
        on {{ holds_at('periods', 'weeks.week_end_date') }}
),

entitlements as (
    {{ entitled_components('members') }}
),

available as (
    select
        weeks.week_end_date,
        entitlements.segment_code,
        entitlements.plan_code,
        sum(cast(entitlements.weight as decimal(18, 6))) as available_weight
    from weeks
    inner join entitlements
        on entitlements.available_date <= weeks.week_end_date
    group by weeks.week_end_date, entitlements.segment_code, entitlements.plan_code
),

held as (
    select
        members.customer_id,
        members.week_end_date,
        members.segment_code,
        coalesce(members.plan_code, '(none)') as plan_code,
        used.set_word,
        used.components_bits
    from members
    inner join {{ ref('state_usage_sets') }} as used
        on members.customer_id = used.customer_id
        and members.week_end_date = used.week_end_date
),

-- What is the same for many customers is weighed once.
weighed as (
    select
        combinations.week_end_date,
        combinations.segment_code,
        combinations.plan_code,
        combinations.set_word,
        combinations.components_bits,
        sum(cast(entitlements.weight as decimal(18, 6))) as used_weight,
        count(*) as components_count
    from (
        select distinct
            week_end_date,
            segment_code,
            plan_code,
            set_word,
            components_bits
        from held
    ) as combinations
    inner join entitlements
        on combinations.segment_code = entitlements.segment_code
        and combinations.plan_code = entitlements.plan_code
        and combinations.week_end_date >= entitlements.available_date
    inner join {{ ref('dim_components') }} as components
        on entitlements.component_code = components.component_code
        and combinations.set_word = components.set_word
        and (combinations.components_bits & components.set_bit) <> 0
    group by
        combinations.week_end_date,
        combinations.segment_code,
        combinations.plan_code,
        combinations.set_word,
        combinations.components_bits
),

levels as (
    select
        held.customer_id,
        held.week_end_date,
        sum(weighed.used_weight) as used_weight,
        sum(weighed.components_count) as components_count
    from held
    inner join weighed
        on held.week_end_date = weighed.week_end_date
        and held.segment_code = weighed.segment_code
        and held.plan_code = weighed.plan_code
        and held.set_word = weighed.set_word
        and held.components_bits = weighed.components_bits
    group by held.customer_id, held.week_end_date
)

select
    members.customer_id,
    members.segment_code,
    members.plan_code,
    cast(coalesce(volumes.use_days_count, 0) as bigint) as use_days_28d_count,
    cast(coalesce(volumes.events_count, 0) as bigint) as events_28d_count,
    cast(coalesce(volumes.exports_count, 0) as bigint) as exports_28d_count,
    -- In tenths, so that customers with the same rate fall into the same place of a histogram.
    cast(coalesce(floor(10.0 * volumes.device_days_count / volumes.use_days_count), 0) as bigint)
        as device_tenths_per_day_count,
    cast(coalesce(levels.components_count, 0) as bigint) as components_28d_count,
    {{ usage_level_pct('coalesce(levels.used_weight, 0)', 'available.available_weight') }} as usage_level_pct,
    members.has_history,
    members.week_end_date
from members
left join available
    on members.week_end_date = available.week_end_date
    and members.segment_code = available.segment_code
    and coalesce(members.plan_code, '(none)') = available.plan_code
left join levels
    on members.customer_id = levels.customer_id
    and members.week_end_date = levels.week_end_date
left join {{ ref('state_usage_volumes') }} as volumes
    on members.customer_id = volumes.customer_id
    and members.week_end_date = volumes.week_end_date
