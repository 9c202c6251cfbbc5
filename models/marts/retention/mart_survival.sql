-- Kaplan-Meier curves with late entry, by day and by month of contract; months go on as the model expects them to.
with lifetimes as (
    select
        {{ breakdown_columns(lifetime_dimensions()) }},
        count(*) as customers_count,
        count(churned_date) as churned_customers_count,
        count(case when is_truncated then 1 end) as truncated_count
    from {{ ref('int_retention__lifetimes') }}
    where coalesce(churned_date, last_final_date) > seen_from_date
    group by {{ breakdown_sets(lifetime_dimensions(), []) }}
),

-- Days on which the curve falls, and every month of the horizon.
observed as (
    select
        risk_sets.*,
        fits.alpha,
        fits.beta,
        fits.hazard,
        case
            when risk_sets.period_grain_code = 'day' or coalesce(fits.alpha, fits.hazard) is null then null
            when risk_sets.period_order = 0 then 0
            else ln(1.0 - coalesce(fits.alpha / (fits.alpha + fits.beta + risk_sets.period_order - 1), fits.hazard))
        end as log_projected_step
    from {{ ref('int_retention__risk_sets') }} as risk_sets
    cross join {{ ref('policy') }} as policy
    left join {{ ref('int_retention__fits') }} as fits
        on risk_sets.dimension_name = fits.dimension_name
        and risk_sets.dimension_value = fits.dimension_value
    where risk_sets.period_order = 0
        or (risk_sets.period_grain_code = 'day' and risk_sets.churned_count > 0)
        or (
            risk_sets.period_grain_code = 'contract_month'
            and risk_sets.period_order <= policy.survival_projection_months
        )
),

survival as (
    select
        *,
        sum(churned_count) over running_periods as churned_to_date_count,
        -- Once all at risk have churned the curve stays at zero, whatever is seen later.
        max(case when churned_count > 0 and churned_count = at_risk_count then 1 else 0 end) over running_periods = 1
            as is_zero,
        -- Where nobody is at risk any more, or was not yet, the product cannot go on.
        max(case when period_order > 0 and at_risk_count = 0 then 1 else 0 end) over running_periods = 1 as is_broken,
        sum(case when churned_count < at_risk_count then ln(1.0 - 1.0 * churned_count / at_risk_count) else 0 end)
            over running_periods as log_survival,
        sum(case
            when churned_count < at_risk_count
                then 1.0 * churned_count / (1.0 * at_risk_count * (at_risk_count - churned_count))
        end) over running_periods as greenwood,
        sum(log_projected_step) over running_periods as log_projected
    from observed
    window running_periods as (
        partition by dimension_name, dimension_value, period_grain_code
        order by period_order
        rows between unbounded preceding and current row
    )
),

estimated as (
    select
        *,
        case
            when is_broken then null
            when is_zero then 0.0
            else {{ survival_pct('log_survival') }}
        end as surviving_pct,
        case when not is_broken and not is_zero and log_survival < 0 then log_survival end as bounded_log_survival
    from survival
)

select
    estimated.dimension_name,
    estimated.dimension_value,
    estimated.period_grain_code,
    case
        when estimated.log_projected is null then null
        when estimated.alpha is not null then 'beta_geometric'
        else 'geometric'
    end as model_kind,
    cast(estimated.period_order as bigint) as period_order,
    cast(estimated.at_risk_count as bigint) as at_risk_count,
    cast(estimated.churned_count as bigint) as churned_count,
    cast(estimated.churned_to_date_count as bigint) as churned_to_date_count,
    estimated.surviving_pct,
    {{ loglog_bound_pct('estimated.bounded_log_survival', 'estimated.greenwood', 'lo') }} as surviving_ci_lo,
    {{ loglog_bound_pct('estimated.bounded_log_survival', 'estimated.greenwood', 'hi') }} as surviving_ci_hi,
    {{ survival_pct('estimated.log_projected') }} as projected_pct,
    cast(lifetimes.customers_count as bigint) as customers_count,
    cast(lifetimes.churned_customers_count as bigint) as churned_customers_count,
    cast(lifetimes.customers_count - lifetimes.churned_customers_count as bigint) as still_there_count,
    cast(lifetimes.truncated_count as bigint) as truncated_count,
    cast(min(case
        when estimated.period_grain_code = 'day' and estimated.surviving_pct <= 75.0 then estimated.period_order
    end) over whole_curves as bigint) as p25_lifetime_days,
    cast(min(case
        when estimated.period_grain_code = 'day' and estimated.surviving_pct <= 50.0 then estimated.period_order
    end) over whole_curves as bigint) as median_lifetime_days,
    estimated.alpha,
    estimated.beta,
    cast(100.0 * estimated.hazard as double) as hazard_pct,
    {{ is_reliable('estimated.at_risk_count') }} as is_reliable,
    {{ is_reliable('lifetimes.customers_count') }} as is_summary_reliable
from estimated
inner join lifetimes
    on estimated.dimension_name = lifetimes.dimension_name
    and estimated.dimension_value = lifetimes.dimension_value
window whole_curves as (partition by estimated.dimension_name, estimated.dimension_value)
