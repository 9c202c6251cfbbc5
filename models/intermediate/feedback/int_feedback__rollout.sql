-- Customers by the wave of the roll-out that their tenure fits into, and how many of them the wave admits.
with months as (
    select
        dates.month_start_date as rollout_month,
        max(dates.date_day) as last_date
    from {{ ref('dim_dates') }} as dates
    where dates.month_start_date >= (
            select {{ period_start('month', 'min(waves.start_date)') }} from {{ ref('survey_rollout') }} as waves
        )
    group by dates.month_start_date
),

waves as (
    select
        wave,
        share_pct,
        start_date,
        max_tenure_months,
        lag(max_tenure_months) over (order by wave) as previous_max_months
    from {{ ref('survey_rollout') }}
),

spine as (
    select
        waves.*,
        months.rollout_month,
        months.last_date,
        waves.start_date <= months.last_date as is_started
    from months
    cross join waves
),

-- Grouped first: there are fewer days of registration and buckets than customers.
customers as (
    select
        customers.registered_date,
        access_periods.valid_from,
        coalesce(access_periods.valid_to, {{ end_of_time('timestamp') }}) as valid_to,
        {{ percent_bucket('customers.customer_id') }} as rollout_bucket,
        count(*) as customers_count
    from {{ ref('customer_access_periods') }} as access_periods
    inner join {{ ref('dim_customers') }} as customers
        on access_periods.customer_id = customers.customer_id
    where access_periods.has_access
    group by
        customers.registered_date,
        access_periods.valid_from,
        access_periods.valid_to,
        {{ percent_bucket('customers.customer_id') }}
),

placed as (
    select
        spine.wave,
        spine.rollout_month,
        spine.is_started,
        coalesce(customers.customers_count, 0) as customers_count,
        case
            when spine.is_started and customers.rollout_bucket < spine.share_pct then customers.customers_count
            else 0
        end as eligible_count
    from spine
    left join customers
        on customers.valid_from <= spine.last_date
        and customers.valid_to > spine.last_date
        and (
            spine.max_tenure_months is null
            or spine.last_date < {{ add_months('customers.registered_date', 'spine.max_tenure_months + 1') }}
        )
        and (
            spine.previous_max_months is null
            or spine.last_date >= {{ add_months('customers.registered_date', 'spine.previous_max_months + 1') }}
        )
)

select
    case when grouping(wave) = 0 then 'wave' else 'all' end as dimension_name,
    case when grouping(wave) = 0 then 'wave ' || cast(wave as {{ dbt.type_string() }}) else 'all' end as wave_label,
    sum(customers_count) as customers_count,
    sum(eligible_count) as eligible_count,
    max(case when is_started then 1 else 0 end) = 1 as is_started,
    rollout_month
from placed
group by grouping sets ((rollout_month), (rollout_month, wave))
