{{ config(materialized=inlined('view')) }}
-- Kaplan-Meier curves with late entry, by day and by month of contract; months go on as the fitted model expects.
with observed as (
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
    dimension_name,
    dimension_value,
    period_grain_code,
    period_order,
    case
        when log_projected is null then null
        when alpha is not null then 'beta_geometric'
        else 'geometric'
    end as model_kind,
    at_risk_count,
    churned_count,
    churned_to_date_count,
    surviving_pct,
    {{ loglog_bound_pct('bounded_log_survival', 'greenwood', 'lo') }} as surviving_ci_lo,
    {{ loglog_bound_pct('bounded_log_survival', 'greenwood', 'hi') }} as surviving_ci_hi,
    {{ survival_pct('log_projected') }} as projected_pct,
    min(case when period_grain_code = 'day' and surviving_pct <= 75.0 then period_order end) over whole_curves
        as p25_lifetime_days,
    min(case when period_grain_code = 'day' and surviving_pct <= 50.0 then period_order end) over whole_curves
        as median_lifetime_days,
    alpha,
    beta,
    hazard
from estimated
window whole_curves as (partition by dimension_name, dimension_value)
