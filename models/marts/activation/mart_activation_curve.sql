-- Kaplan-Meier over mature customers: those who are not activated yet stay in the number at risk up to their tenure.
with members as (
    select
        dimension_name,
        dimension_value,
        registration_month,
        case when is_activated then days_to_activate else tenure_days end as observed_days,
        is_activated,
        customers_count
    from {{ ref('int_activation__cohort_members') }}
    where is_mature
),

per_day as (
    select
        dimension_name,
        dimension_value,
        registration_month,
        observed_days,
        sum(customers_count) as observed_count,
        sum(case when is_activated then customers_count else 0 end) as activated_count
    from members
    group by dimension_name, dimension_value, registration_month, observed_days
),

at_risk as (
    select
        *,
        sum(observed_count) over (
            partition by dimension_name, dimension_value, registration_month
            order by observed_days desc
            rows between unbounded preceding and current row
        ) as at_risk_count,
        sum(activated_count) over (
            partition by dimension_name, dimension_value, registration_month
            order by observed_days
            rows between unbounded preceding and current row
        ) as activated_to_date_count
    from per_day
),

logged as (
    select
        *,
        case when activated_count < at_risk_count then ln(1.0 - 1.0 * activated_count / at_risk_count) end
            as log_staying_share
    from at_risk
),

survival as (
    select
        *,
        -- The product of (1 - activated / at risk); once everybody at risk has activated it stays at zero.
        case
            when max(case when activated_count = at_risk_count then 1 else 0 end) over running_days = 1 then 0.0
            else exp(sum(log_staying_share) over running_days)
        end as not_activated_share
    from logged
    window running_days as (
        partition by dimension_name, dimension_value, registration_month
        order by observed_days
        rows between unbounded preceding and current row
    )
)

select
    dimension_name,
    dimension_value,
    case
        when registration_month is null then 'all'
        else substring(cast(registration_month as {{ dbt.type_string() }}), 1, 7)
    end as cohort_label,
    cast(observed_days as bigint) as days_from_registration,
    cast(at_risk_count as bigint) as at_risk_count,
    cast(activated_count as bigint) as activated_count,
    cast(activated_to_date_count as bigint) as activated_to_date_count,
    cast(round(100.0 * (1.0 - not_activated_share), 9) as {{ type_double() }}) as activated_pct,
    registration_month
from survival
where activated_count > 0
