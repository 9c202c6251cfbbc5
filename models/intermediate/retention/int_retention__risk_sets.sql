-- Lifetimes as survival curves need them: how many customers could churn in each period of their lifetime, and did.
-- Customers whose start is not seen enter at the age at which they are first seen (late entry).
with numbers as (
    {{ dbt.generate_series(601) }}
),

broken_down as (
    {{ breakdowns_with_attributes(
        ref('int_retention__lifetimes'), lifetime_dimensions(), 'started_date', customer='source_customer_id'
    ) }}
),

contracts as (
    select
        dimension_name,
        dimension_value,
        -- A month that had begun before the data is seen in part and does not count.
        case
            when seen_from_date > started_date then {{ begun_months('started_date', 'seen_from_date') }} + 1
            else 1
        end as first_period,
        {{ complete_months('started_date', 'last_final_date') }} as last_final_period,
        case when churned_date is not null then {{ begun_months('started_date', 'churned_date') }} end as churned_period
    from broken_down
    where basis = 'contract'
        and seen_from_date is not null
        and (churned_date is null or churned_date > seen_from_date)
),

exposures as (
    select
        'day' as period_grain_code,
        dimension_name,
        dimension_value,
        {{ days_between('started_date', 'seen_from_date') }} + 1 as first_period,
        {{ days_between('started_date', 'coalesce(churned_date, last_final_date)') }} as last_period,
        churned_date is not null as is_churned
    from broken_down
    where coalesce(churned_date, last_final_date) > seen_from_date
    union all
    -- Only months that are over and final.
    select
        'contract_month' as period_grain_code,
        dimension_name,
        dimension_value,
        first_period,
        least(last_final_period, coalesce(churned_period, last_final_period)) as last_period,
        coalesce(churned_period <= last_final_period, false) as is_churned
    from contracts
),

lived as (
    select *
    from exposures
    where first_period <= last_period
),

longest as (
    select
        period_grain_code,
        dimension_name,
        dimension_value,
        max(last_period) as last_period
    from lived
    group by period_grain_code, dimension_name, dimension_value
),

-- Every month up to the horizon of projections has a row, also one without a change; of days only those with a change.
spine as (
    select
        longest.period_grain_code,
        longest.dimension_name,
        longest.dimension_value,
        numbers.generated_number - 1 as period_order
    from longest
    cross join {{ ref('policy') }} as policy
    inner join numbers
        on case
            when longest.period_grain_code = 'day' then 0
            else greatest(longest.last_period, policy.survival_projection_months)
        end >= numbers.generated_number - 1
),

-- In period 0, the start, at risk are those whose first period is seen.
steps as (
    {%- for step in ['entered', 'churned', 'exited'] %}
    select
        period_grain_code,
        dimension_name,
        dimension_value,
        {%- if step == 'entered' %}
        case when first_period = 1 then 0 else first_period end as period_order,
        {%- else %}
        last_period{{ ' + 1' if step == 'exited' }} as period_order,
        {%- endif %}
        {{ {'entered': 1, 'churned': 0, 'exited': -1}[step] }} as entered,
        {{ 1 if step == 'churned' else 0 }} as churned
    from lived
    {%- if step == 'churned' %}
    where is_churned
    {%- endif %}
    union all
    {%- endfor %}
    select
        spine.*,
        0 as entered,
        0 as churned
    from spine
),

grouped as (
    select
        dimension_name,
        dimension_value,
        period_grain_code,
        period_order,
        sum(entered) as entered,
        sum(churned) as churned_count
    from steps
    group by period_grain_code, period_order, dimension_name, dimension_value
)

select
    dimension_name,
    dimension_value,
    period_grain_code,
    cast(period_order as integer) as period_order,
    cast(sum(entered) over (
        partition by dimension_name, dimension_value, period_grain_code
        order by period_order
        rows between unbounded preceding and current row
    ) as bigint) as at_risk_count,
    cast(churned_count as bigint) as churned_count
from grouped
