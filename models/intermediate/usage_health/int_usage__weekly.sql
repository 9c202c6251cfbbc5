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

-- Each component is a bit, so that what a customer used is one number and four weeks of it are merged by `or`: one row
-- per customer and week instead of one per component. A number has room for 62 of them; word counts the numbers.
bits as (
    select
        component_code,
        cast(floor((component_number - 1) / 62.0) as integer) as word,
        cast(power(2, (component_number - 1) % 62) as bigint) as component_bit
    from (
        select
            component_code,
            row_number() over (order by component_code) as component_number
        from (select distinct component_code from {{ ref('dim_segment_components') }}) as components
    ) as numbered
),

-- The Sundays that a week is part of the four weeks to.
reaches as (
    {% for weeks_later in range(4) %}
    select {{ 6 + 7 * weeks_later }} as days_to_end
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

used_weekly as (
    select
        uses.customer_id,
        uses.week_start_date,
        bits.word,
        cast(sum(bits.component_bit) as bigint) as components_bits
    from {{ ref('fct_usage_weekly') }} as uses
    inner join bits
        on uses.component_code = bits.component_code
    where uses.week_start_date >= (select {{ add_days('min(weeks.week_start_date)', -21) }} from weeks)
        and uses.week_start_date <= (select max(weeks.week_start_date) from weeks)
    group by uses.customer_id, uses.week_start_date, bits.word
),

used as (
    select
        used_weekly.customer_id,
        {{ add_days('used_weekly.week_start_date', 'reaches.days_to_end') }} as week_end_date,
        used_weekly.word,
        bit_or(used_weekly.components_bits) as components_bits
    from used_weekly
    cross join reaches
    group by
        used_weekly.customer_id,
        {{ add_days('used_weekly.week_start_date', 'reaches.days_to_end') }},
        used_weekly.word
),

held as (
    select
        members.customer_id,
        members.week_end_date,
        members.segment_code,
        coalesce(members.plan_code, '(none)') as plan_code,
        used.word,
        used.components_bits
    from members
    inner join used
        on members.customer_id = used.customer_id
        and members.week_end_date = used.week_end_date
),

-- What is the same for many customers is weighed once.
weighed as (
    select
        combinations.week_end_date,
        combinations.segment_code,
        combinations.plan_code,
        combinations.word,
        combinations.components_bits,
        sum(cast(entitlements.weight as decimal(18, 6))) as used_weight,
        count(*) as components_count
    from (
        select distinct
            week_end_date,
            segment_code,
            plan_code,
            word,
            components_bits
        from held
    ) as combinations
    inner join entitlements
        on combinations.segment_code = entitlements.segment_code
        and combinations.plan_code = entitlements.plan_code
        and combinations.week_end_date >= entitlements.available_date
    inner join bits
        on entitlements.component_code = bits.component_code
        and combinations.word = bits.word
        and (combinations.components_bits & bits.component_bit) <> 0
    group by
        combinations.week_end_date,
        combinations.segment_code,
        combinations.plan_code,
        combinations.word,
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
        and held.word = weighed.word
        and held.components_bits = weighed.components_bits
    group by held.customer_id, held.week_end_date
),

day_weeks as (
    select
        uses.customer_id,
        {{ period_start('week', 'uses.usage_date') }} as week_start_date,
        count(*) as use_days_count,
        sum(uses.events_count) as events_count,
        sum(uses.devices_count) as device_days_count,
        sum(uses.exports_count) as exports_count
    from {{ ref('fct_usage_days') }} as uses
    where uses.usage_date >= (select {{ add_days('min(weeks.week_start_date)', -21) }} from weeks)
        and uses.usage_date <= (select max(weeks.week_end_date) from weeks)
    group by uses.customer_id, {{ period_start('week', 'uses.usage_date') }}
),

volumes as (
    select
        day_weeks.customer_id,
        {{ add_days('day_weeks.week_start_date', 'reaches.days_to_end') }} as week_end_date,
        sum(day_weeks.use_days_count) as use_days_count,
        sum(day_weeks.events_count) as events_count,
        sum(day_weeks.device_days_count) as device_days_count,
        sum(day_weeks.exports_count) as exports_count
    from day_weeks
    cross join reaches
    group by day_weeks.customer_id, {{ add_days('day_weeks.week_start_date', 'reaches.days_to_end') }}
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
left join volumes
    on members.customer_id = volumes.customer_id
    and members.week_end_date = volumes.week_end_date
