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
        {% for count in ['current_use_days_count', 'current_events_count', 'recent_days_count'] %}
        case when customers.is_measured then coalesce(recent_days.{{ count }}, 0) end as {{ count }},
        {% endfor %}
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
        on customers.customer_id = uses.customer_id
    left join used
        on customers.customer_id = used.customer_id
    left join available
        on customers.segment_code = available.segment_code
        and coalesce(customers.plan_code, '(none)') = available.plan_code
    cross join {{ ref('policy') }} as policy
),

levelled as (
    select
        measured.*,
        {{ usage_level_pct('used_weight', 'available_weight') }} as usage_level_pct,
        {{ recency_band_number('inactive_days', 'recency_unit_days') }} as band_number,
        1.0 * measured.baseline_days_count * measured.window_days / policy.usage_baseline_days as expected_days
    from measured
    cross join {{ ref('policy') }} as policy
),

compared as (
    select
        *,
        count(case when has_history then usage_level_pct end) over (partition by segment_code) as peers_count,
        -- Summed as decimals: an average of doubles depends on the order of the rows.
        cast(sum(case when has_history then cast(usage_level_pct as decimal(18, 6)) end) over (
            partition by segment_code
        ) as double) as level_sum
    from levelled
)

select
    compared.customer_id,
    compared.segment_code,
    compared.plan_code,
    compared.customer_status,
    account_manager.employee_id as account_manager_id,
    status.health_status,
    status.signal_codes as health_reasons,
    {{ usage_health_version() }} as definition_version,
    case
        when compared.is_measured then {{ recency_band('compared.recency_unit_days', 'compared.band_number') }}
        else 'not_measured'
    end as recency_band,
    reasons.outcome_reason as clarified_reason,
    cast(compared.current_use_days_count as bigint) as current_use_days_count,
    cast(compared.current_events_count as bigint) as current_events_count,
    cast(compared.window_days as bigint) as window_days,
    cast(compared.recent_days_count as bigint) as recent_days_count,
    cast(compared.baseline_days_count as bigint) as baseline_days_count,
    cast(compared.expected_days as double) as expected_days,
    cast(compared.recent_days_count / nullif(compared.expected_days, 0) as double) as trend_ratio,
    cast(compared.components_used_count as bigint) as components_used_count,
    cast(compared.components_available_count as bigint) as components_available_count,
    compared.usage_level_pct,
    cast(case
        when compared.peers_count >= policy.usage_min_peers then compared.level_sum / compared.peers_count
    end as double) as segment_level_pct,
    cast(compared.peers_count as bigint) as peers_count,
    cast(compared.inactive_days as bigint) as inactive_days,
    cast(compared.band_number as integer) as recency_band_order,
    cast(compared.median_gap_days as double) as median_gap_days,
    compared.has_history,
    compared.is_paying,
    risks.customer_id is not null as is_in_risk_group,
    {% for signal in usage_signals() -%}
    coalesce({{ dbt.position("' " ~ signal ~ " '", "' ' || status.signal_codes || ' '") }} > 0, false)
        as is_{{ signal }},
    {% endfor -%}
    compared.registered_date,
    compared.first_use_date,
    compared.last_use_date,
    status.valid_from as status_since_date,
    reasons.clarified_date
from compared
left join {{ ref('int_usage__status_periods') }} as status
    on compared.customer_id = status.customer_id
    and status.valid_to is null
left join {{ ref('int_usage__risk_periods') }} as risks
    on compared.customer_id = risks.customer_id
    and {{ holds_at('risks', 'compared.as_of_date') }}
left join {{ ref('dim_customer_decline_reasons') }} as reasons
    on compared.customer_id = reasons.customer_id
{{ attributes_as_of('compared', 'compared.as_of_date', ['account_manager']) }}
cross join {{ ref('policy') }} as policy
