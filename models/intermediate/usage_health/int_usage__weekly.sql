-- How customers use the product on each Sunday since events are recorded. All Sundays are kept: signals that compare
-- with peers are read off them, so an alert that an earlier run opened stays.
with weeks as (
    select distinct
        dates.week_start_date,
        {{ add_days('dates.week_start_date', 6) }} as week_end_date,
        -- Weeks of summaries, from the start of a month on.
        {{ add_days('dates.week_start_date', 6) }} >= {{ period_start('month', add_days(
            'run_context.as_of_date', '-policy.usage_history_days'
        )) }} as is_in_history
    from {{ ref('dim_dates') }} as dates
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    where {{ add_days('dates.week_start_date', 6) }} <= run_context.as_of_date
        and {{ add_days('dates.week_start_date', 6) }} >= {{ observed_from('events') }}
),

members as (
    select
        weeks.week_end_date,
        weeks.is_in_history,
        periods.customer_id,
        periods.segment_code,
        periods.plan_code,
        periods.is_customer,
        {{ days_between('greatest(periods.observed_date, periods.present_from)', 'weeks.week_end_date') }}
        + 1 >= {{ usage_current_days() }} as has_history
    from weeks
    inner join {{ ref('customer_usage_periods') }} as periods
        on {{ holds_at('periods', 'weeks.week_end_date') }}
        -- Where use is not recorded nobody used nothing.
        and periods.observed_date <= weeks.week_end_date
    cross join {{ ref('policy') }} as policy
),

entitlements as (
    {{ entitled_components(ref('customer_usage_periods')) }}
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

-- Every row is kept aside while what is the same for many is weighed: no wider than it must be.
found as (
    select
        members.customer_id,
        members.week_end_date,
        members.segment_code,
        members.plan_code,
        members.is_customer,
        members.has_history,
        members.is_in_history,
        coalesce(four_weeks.set_word, 0) as set_word,
        four_weeks.components_bits,
        four_weeks.use_days_count,
        four_weeks.events_count,
        four_weeks.device_days_count,
        four_weeks.exports_count
    from members
    left join {{ ref('state_usage_weeks') }} as four_weeks
        on members.customer_id = four_weeks.customer_id
        and members.week_end_date = four_weeks.week_end_date
),

used as (
    select * from found
    where set_word = 0
),

-- Of a catalogue of more components than a number has bits.
used_further as (
    select * from found
    where set_word > 0
),

-- What is the same for many customers is weighed once.
combinations as (
    select distinct
        week_end_date,
        segment_code,
        coalesce(plan_code, '(none)') as held_plan_code,
        set_word,
        components_bits
    from found
),

weighed as (
    select
        combinations.week_end_date,
        combinations.segment_code,
        combinations.held_plan_code,
        combinations.set_word,
        combinations.components_bits,
        sum(cast(entitlements.weight as decimal(18, 6))) as used_weight,
        count(*) as components_count
    from combinations
    inner join entitlements
        on combinations.segment_code = entitlements.segment_code
        and combinations.held_plan_code = entitlements.plan_code
        and combinations.week_end_date >= entitlements.available_date
    inner join {{ ref('dim_components') }} as components
        on entitlements.component_code = components.component_code
        and combinations.set_word = components.set_word
        and (combinations.components_bits & components.set_bit) <> 0
    group by
        combinations.week_end_date,
        combinations.segment_code,
        combinations.held_plan_code,
        combinations.set_word,
        combinations.components_bits
),

further as (
    select
        used_further.customer_id,
        used_further.week_end_date,
        sum(weighed.used_weight) as used_weight,
        sum(weighed.components_count) as components_count
    from used_further
    inner join weighed
        on used_further.week_end_date = weighed.week_end_date
        and used_further.segment_code = weighed.segment_code
        and coalesce(used_further.plan_code, '(none)') = weighed.held_plan_code
        and used_further.set_word = weighed.set_word
        and used_further.components_bits = weighed.components_bits
    group by used_further.customer_id, used_further.week_end_date
)

select
    used.customer_id,
    used.segment_code,
    used.plan_code,
    coalesce(used.use_days_count, 0) as current_use_days_count,
    coalesce(used.events_count, 0) as current_events_count,
    coalesce(used.exports_count, 0) as current_exports_count,
    -- In tenths, so that customers with the same rate fall into the same place of a histogram.
    cast(coalesce(floor(cast(10 * used.device_days_count as {{ type_double() }}) / used.use_days_count), 0) as bigint)
        as device_tenths_per_day_count,
    cast(coalesce(weighed.components_count, 0) + coalesce(further.components_count, 0) as bigint)
        as current_components_count,
    {{ usage_level_pct(
        '(coalesce(weighed.used_weight, 0) + coalesce(further.used_weight, 0))', 'available.available_weight'
    ) }} as usage_level_pct,
    used.is_customer,
    used.has_history,
    used.is_in_history,
    used.week_end_date
from used
left join available
    on used.week_end_date = available.week_end_date
    and used.segment_code = available.segment_code
    and coalesce(used.plan_code, '(none)') = available.plan_code
left join weighed
    on used.week_end_date = weighed.week_end_date
    and used.segment_code = weighed.segment_code
    and coalesce(used.plan_code, '(none)') = weighed.held_plan_code
    and used.components_bits = weighed.components_bits
    and weighed.set_word = 0
left join further
    on used.customer_id = further.customer_id
    and used.week_end_date = further.week_end_date
