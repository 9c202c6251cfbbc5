-- Months of contract as they were, and as the shifted beta-geometric model expects them to go on.
with numbers as (
    {{ dbt.generate_series(120) }}
),

months as (
    select
        fits.dimension_name,
        fits.dimension_value,
        fits.alpha,
        fits.beta,
        coalesce(fits.alpha / (fits.alpha + fits.beta + numbers.generated_number - 1), fits.hazard) as expected_hazard,
        cast(numbers.generated_number as integer) as period_number
    from {{ ref('int_retention__fits') }} as fits
    cross join numbers
    cross join {{ ref('policy') }} as policy
    where numbers.generated_number <= policy.survival_projection_months
),

observed as (
    select
        months.*,
        coalesce(renewals.at_risk_count, 0) as at_risk_count,
        coalesce(renewals.churned_count, 0) as churned_count,
        max(case when renewals.at_risk_count > 0 and renewals.churned_count = renewals.at_risk_count then 1 else 0 end)
            over running_months as is_zero,
        -- Where nobody is at risk any more, or was not yet, the product cannot go on.
        max(case when coalesce(renewals.at_risk_count, 0) = 0 then 1 else 0 end) over running_months as is_broken,
        sum(case
            when renewals.churned_count < renewals.at_risk_count
                then ln(1.0 - 1.0 * renewals.churned_count / renewals.at_risk_count)
        end) over running_months as log_observed,
        sum(ln(1.0 - months.expected_hazard)) over running_months as log_projected
    from months
    left join {{ ref('int_retention__renewals') }} as renewals
        on months.dimension_name = renewals.dimension_name
        and months.dimension_value = renewals.dimension_value
        and months.period_number = renewals.period_number
    window running_months as (
        partition by months.dimension_name, months.dimension_value
        order by months.period_number
        rows between unbounded preceding and current row
    )
)

select
    dimension_name,
    dimension_value,
    case
        when alpha is not null then 'beta_geometric'
        when expected_hazard is not null then 'geometric'
    end as model_kind,
    cast(period_number as bigint) as contract_month_order,
    cast(at_risk_count as bigint) as at_risk_count,
    cast(churned_count as bigint) as churned_count,
    case
        when is_broken = 1 then null
        when is_zero = 1 then 0.0
        else {{ survival_pct('log_observed') }}
    end as surviving_pct,
    {{ survival_pct('log_projected') }} as projected_pct,
    {{ is_reliable('at_risk_count') }} as is_reliable
from observed
