with broken_down as (
    {{ breakdowns_with_attributes(
        ref('int_retention__lifetimes'), lifetime_dimensions(), 'started_date', customer='source_customer_id'
    ) }}
),

lifetimes as (
    select
        dimension_name,
        dimension_value,
        count(*) as customers_count,
        count(churned_date) as churned_customers_count,
        count(case when is_truncated then 1 end) as truncated_count
    from broken_down
    where coalesce(churned_date, last_final_date) > seen_from_date
    group by dimension_name, dimension_value
)

select
    curves.dimension_name,
    curves.dimension_value,
    curves.period_grain_code,
    curves.model_kind,
    cast(curves.period_order as bigint) as period_order,
    cast(curves.at_risk_count as bigint) as at_risk_count,
    cast(curves.churned_count as bigint) as churned_count,
    cast(curves.churned_to_date_count as bigint) as churned_to_date_count,
    curves.surviving_pct,
    curves.surviving_ci_lo,
    curves.surviving_ci_hi,
    curves.projected_pct,
    cast(lifetimes.customers_count as bigint) as customers_count,
    cast(lifetimes.churned_customers_count as bigint) as churned_customers_count,
    cast(lifetimes.customers_count - lifetimes.churned_customers_count as bigint) as still_there_count,
    cast(lifetimes.truncated_count as bigint) as truncated_count,
    cast(curves.p25_lifetime_days as bigint) as p25_lifetime_days,
    cast(curves.median_lifetime_days as bigint) as median_lifetime_days,
    curves.alpha,
    curves.beta,
    cast(100.0 * curves.hazard as {{ type_double() }}) as hazard_pct,
    {{ is_reliable('curves.at_risk_count') }} as is_reliable,
    {{ is_reliable('lifetimes.customers_count') }} as is_summary_reliable
from {{ ref('int_retention__curves') }} as curves
inner join lifetimes
    on curves.dimension_name = lifetimes.dimension_name
    and curves.dimension_value = lifetimes.dimension_value
