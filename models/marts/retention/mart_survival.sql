-- One line per curve: how many lifetimes it rests on, and when a quarter and a half of them had ended.
with lifetimes as (
    select
        {{ breakdown_columns(lifetime_dimensions()) }},
        count(*) as customers_count,
        count(churned_date) as churned_count,
        count(case when is_truncated then 1 end) as truncated_count
    from {{ ref('int_retention__lifetimes') }}
    where coalesce(churned_date, last_final_date) > seen_from_date
    group by {{ breakdown_sets(lifetime_dimensions(), []) }}
),

quantiles as (
    select
        dimension_name,
        dimension_value,
        min(case when surviving_pct <= 75.0 then days_from_start end) as p25_lifetime_days,
        min(case when surviving_pct <= 50.0 then days_from_start end) as median_lifetime_days
    from {{ ref('mart_survival_curve') }}
    group by dimension_name, dimension_value
)

select
    lifetimes.dimension_name,
    lifetimes.dimension_value,
    cast(lifetimes.customers_count as bigint) as customers_count,
    cast(lifetimes.churned_count as bigint) as churned_count,
    cast(lifetimes.customers_count - lifetimes.churned_count as bigint) as still_there_count,
    cast(lifetimes.truncated_count as bigint) as truncated_count,
    cast(quantiles.p25_lifetime_days as bigint) as p25_lifetime_days,
    cast(quantiles.median_lifetime_days as bigint) as median_lifetime_days,
    fits.alpha,
    fits.beta,
    cast(100.0 * fits.hazard as double) as hazard_pct,
    {{ is_reliable('lifetimes.customers_count') }} as is_reliable
from lifetimes
left join quantiles
    on lifetimes.dimension_name = quantiles.dimension_name
    and lifetimes.dimension_value = quantiles.dimension_value
left join {{ ref('int_retention__fits') }} as fits
    on lifetimes.dimension_name = fits.dimension_name
    and lifetimes.dimension_value = fits.dimension_value
