{{ config(materialized=inlined()) }}
-- How everybody with access uses the product on the as-of date: days and events of the current weeks, the recent window
-- against the baseline, components in use, recency.
with customers as (
    select
        periods.customer_id,
        periods.customer_status,
        periods.is_paying,
        periods.segment_code,
        periods.plan_code,
        periods.registered_date,
        periods.observed_date,
        periods.comparable_date,
        periods.present_from,
        norms.window_days,
        norms.recency_unit_days,
        coalesce(periods.observed_date <= run_context.as_of_date, false) as is_measured,
        run_context.as_of_date
    from {{ ref('customer_usage_periods') }} as periods
    inner join {{ ref('run_context') }} as run_context
        on {{ holds_at('periods', 'run_context.as_of_date') }}
    inner join {{ ref('dim_segment_policy') }} as norms
        on periods.segment_code = norms.segment_code
),

earliest as (
    select {{ add_days(
        'min(customers.as_of_date)', '-max(customers.window_days + policy.usage_baseline_days)'
    ) }} as window_date
    from customers
    cross join {{ ref('policy') }} as policy
),

recent_days as (
    select
        customers.customer_id,
        count(case
            when {{ days_between('uses.usage_date', 'customers.as_of_date') }} < {{ usage_current_days() }} then 1
        end) as current_use_days_count,
        sum(case
            when {{ days_between('uses.usage_date', 'customers.as_of_date') }} < {{ usage_current_days() }}
                then uses.events_count
        end) as current_events_count,
        count(case
            when {{ days_between('uses.usage_date', 'customers.as_of_date') }} < customers.window_days then 1
        end) as recent_days_count,
        count(case
            when {{ days_between('uses.usage_date', 'customers.as_of_date') }} >= customers.window_days
                and {{ days_between('uses.usage_date', 'customers.as_of_date') }}
                < customers.window_days + policy.usage_baseline_days then 1
        end) as baseline_days_count
    from customers
    inner join {{ ref('fct_customer_usage_daily') }} as uses
        on customers.customer_id = uses.customer_id
        and uses.usage_date <= customers.as_of_date
    cross join {{ ref('policy') }} as policy
    where uses.usage_date > (select earliest.window_date from earliest)
    group by customers.customer_id
),

entitlements as (
    select components.*
    from (
        {{ entitled_components('customers') }}
    ) as components
    cross join {{ ref('run_context') }} as run_context
    where components.available_date <= run_context.as_of_date
),

available as (
    select
        segment_code,
        plan_code,
        sum(cast(weight as decimal(18, 6))) as available_weight,
        count(*) as components_count
    from entitlements
    group by segment_code, plan_code
),

used as (
    select
        customers.customer_id,
        sum(cast(entitlements.weight as decimal(18, 6))) as used_weight,
        count(*) as components_count
    from customers
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('state_customer_component_usage') }} as uses
        on customers.customer_id = uses.customer_id
        and {{ days_between('uses.last_use_date', 'customers.as_of_date') }} < {{ usage_current_days() }}
    inner join entitlements
        on customers.segment_code = entitlements.segment_code
        and coalesce(customers.plan_code, '(none)') = entitlements.plan_code
        and uses.component_code = entitlements.component_code
    group by customers.customer_id
),

measured as (
    select
        customers.*,
        case when customers.is_measured then coalesce(recent_days.current_use_days_count, 0) end
            as current_use_days_count,
        case when customers.is_measured then coalesce(recent_days.current_events_count, 0) end as current_events_count,
        case when customers.is_measured then coalesce(recent_days.recent_days_count, 0) end as recent_days_count,
        -- Without the whole history of both windows there is nothing to compare with.
        case
            when {{ days_between('customers.comparable_date', 'customers.as_of_date') }} + 1
                >= customers.window_days + policy.usage_baseline_days
                then coalesce(recent_days.baseline_days_count, 0)
        end as baseline_days_count,
        uses.use_days_count,
        uses.median_gap_days,
        uses.first_use_date,
        uses.last_use_date,
        {{ days_between('uses.last_use_date', 'customers.as_of_date') }} as inactive_days,
        case when customers.is_measured then coalesce(used.components_count, 0) end as components_used_count,
        coalesce(available.components_count, 0) as components_available_count,
        case when customers.is_measured then coalesce(used.used_weight, 0) end as used_weight,
        available.available_weight,
        customers.is_measured
        and {{ days_between(
            'greatest(customers.observed_date, customers.present_from)', 'customers.as_of_date'
        ) }} + 1 >= {{ usage_current_days() }} as has_history
    from customers
    left join recent_days
        on customers.customer_id = recent_days.customer_id
    left join {{ ref('state_customer_usage') }} as uses
        -- Strays before the start that policy states are not use.
        on case when customers.is_measured then customers.customer_id end = uses.customer_id
    left join used
        on customers.customer_id = used.customer_id
    left join available
        on customers.segment_code = available.segment_code
        and coalesce(customers.plan_code, '(none)') = available.plan_code
    cross join {{ ref('policy') }} as policy
),

leveled as (
    select
        *,
        {{ usage_level_pct('used_weight', 'available_weight') }} as usage_level_pct,
        {{ recency_band_number('inactive_days', 'recency_unit_days') }} as band_number
    from measured
)

select
    leveled.customer_id,
    leveled.customer_status,
    leveled.is_paying,
    leveled.segment_code,
    leveled.plan_code,
    leveled.registered_date,
    leveled.window_days,
    leveled.is_measured,
    leveled.current_use_days_count,
    leveled.current_events_count,
    leveled.recent_days_count,
    leveled.baseline_days_count,
    1.0 * leveled.baseline_days_count * leveled.window_days / policy.usage_baseline_days as expected_days,
    leveled.median_gap_days,
    leveled.first_use_date,
    leveled.last_use_date,
    leveled.inactive_days,
    leveled.band_number,
    case
        when leveled.is_measured then {{ recency_band('leveled.recency_unit_days', 'leveled.band_number') }}
        else 'not_measured'
    end as recency_band,
    leveled.components_used_count,
    leveled.components_available_count,
    leveled.usage_level_pct,
    count(case when leveled.has_history then leveled.usage_level_pct end) over by_segment as peers_count,
    -- Summed as decimals: an average of doubles depends on the order of the rows.
    cast(
        sum(case when leveled.has_history then cast(leveled.usage_level_pct as decimal(18, 6)) end) over by_segment
        as {{ type_double() }}
    ) as level_sum,
    leveled.has_history,
    leveled.as_of_date
from leveled
cross join {{ ref('policy') }} as policy
window by_segment as (partition by leveled.segment_code)
