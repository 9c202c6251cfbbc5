-- Anchored at the last use before a churn, not at the end of the contract: many customers were inactive long before.
with churns as (
    select
        customer_id,
        tenure_number,
        coalesce(end_reason_code, 'unknown') as end_reason_code,
        churned_date,
        churned_month,
        -- Use before an earlier churn says nothing about this one; a trial belongs to the first.
        case when tenure_number = 1 then date '0001-01-01' else started_date end as used_from_date
    from {{ ref('fct_churn_events') }}
),

users as (
    select
        churns.customer_id,
        churns.tenure_number,
        churns.end_reason_code,
        churns.churned_month,
        churns.used_from_date,
        coalesce(segments.segment_code, 'unassigned') as segment_code,
        max(uses.usage_date) as last_use_date
    from churns
    inner join {{ ref('fct_customer_usage_daily') }} as uses
        on churns.customer_id = uses.customer_id
        and uses.usage_date >= churns.used_from_date
        and uses.usage_date < churns.churned_date
    left join {{ ref('dim_customer_segments') }} as segments
        on churns.customer_id = segments.customer_id
        and segments.scheme = 'usage'
        and segments.valid_from < churns.churned_date
        and coalesce(segments.valid_to, {{ end_of_time('timestamp') }}) >= churns.churned_date
    group by
        churns.customer_id,
        churns.tenure_number,
        churns.end_reason_code,
        churns.churned_month,
        churns.used_from_date,
        coalesce(segments.segment_code, 'unassigned')
),

-- Each churn under its reason and under `all`.
by_reason as (
    {% for reason in ['end_reason_code', "'all'"] %}
    select
        customer_id,
        tenure_number,
        {{ reason }} as end_reason_code,
        churned_month,
        used_from_date,
        segment_code,
        last_use_date
    from users
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

totals as (
    select
        segment_code,
        end_reason_code,
        churned_month,
        count(*) as churned_customers_count
    from by_reason
    group by segment_code, end_reason_code, churned_month
),

last_uses as (
    select
        by_reason.segment_code,
        by_reason.end_reason_code,
        by_reason.churned_month,
        daily.component_code,
        count(
            distinct by_reason.customer_id || ':' || cast(by_reason.tenure_number as {{ dbt.type_string() }})
        ) as used_count
    from by_reason
    cross join {{ ref('policy') }} as policy
    inner join {{ ref('fct_component_usage_daily') }} as daily
        on by_reason.customer_id = daily.customer_id
        and daily.usage_date >= by_reason.used_from_date
        and daily.usage_date <= by_reason.last_use_date
        and {{ days_between('daily.usage_date', 'by_reason.last_use_date') }} < policy.churn_last_use_days
    group by by_reason.segment_code, by_reason.end_reason_code, by_reason.churned_month, daily.component_code
),

-- Churned customers are compared with customers, not with everybody who may use the product.
base as (
    select periods.customer_id
    from {{ ref('customer_usage_periods') }} as periods
    inner join {{ ref('run_context') }} as run_context
        on {{ holds_at('periods', 'run_context.as_of_date') }}
    where periods.is_customer
),

present as (
    select
        components.segment_code,
        components.component_code,
        count(case when components.current_use_days_count > 0 then 1 end) as used_count
    from {{ ref('mart_component_usage') }} as components
    inner join base
        on components.customer_id = base.customer_id
    group by components.segment_code, components.component_code
),

active as (
    select
        health.segment_code,
        count(case when health.current_use_days_count > 0 then 1 end) as active_count
    from {{ ref('mart_usage_health') }} as health
    inner join base
        on health.customer_id = base.customer_id
    group by health.segment_code
),

filled as (
    select
        totals.segment_code,
        totals.end_reason_code,
        totals.churned_month,
        components.component_code,
        totals.churned_customers_count,
        coalesce(last_uses.used_count, 0) as used_count,
        coalesce(present.used_count, 0) as base_used_count,
        coalesce(active.active_count, 0) as base_count
    from totals
    inner join {{ ref('dim_segment_components') }} as components
        on totals.segment_code = components.segment_code
    left join last_uses
        on totals.segment_code = last_uses.segment_code
        and totals.end_reason_code = last_uses.end_reason_code
        and totals.churned_month = last_uses.churned_month
        and components.component_code = last_uses.component_code
    left join present
        on totals.segment_code = present.segment_code
        and components.component_code = present.component_code
    left join active
        on totals.segment_code = active.segment_code
)

select
    segment_code,
    component_code,
    end_reason_code,
    cast(used_count as bigint) as used_num,
    cast(churned_customers_count as bigint) as used_den,
    {{ pct('used_count', 'churned_customers_count') }} as used_pct,
    cast(base_used_count as bigint) as base_used_num,
    cast(base_count as bigint) as base_used_den,
    {{ pct('base_used_count', 'base_count') }} as base_used_pct,
    cast(
        100.0
        * {{ pct('used_count', 'churned_customers_count') }}
        / nullif({{ pct('base_used_count', 'base_count') }}, 0) as double
    ) as used_index_score,
    {{ is_reliable('churned_customers_count') }} as is_reliable,
    churned_month
from filled
