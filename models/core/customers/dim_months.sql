-- Months from the first customer to the running one, which is complete only when its last day has closed. Churn is
-- observed once its source has begun: contracts, else use where inactivity has a limit.
with bounds as (
    select
        {{ period_start('month', 'coalesce(min(tenures.started_date), max(run_context.as_of_date))') }} as first_month,
        min(tenures.started_date) as first_started_date,
        max(run_context.as_of_date) as as_of_date
    from {{ ref('run_context') }} as run_context
    left join {{ ref('customer_tenures') }} as tenures
        on tenures.started_date <= run_context.as_of_date
),

limited as (
    select count(*) as customers_count
    from {{ ref('dim_customer_segments') }} as memberships
    inner join {{ ref('segments') }} as limits
        on memberships.segment_code = limits.segment_code
        and limits.churn_inactivity_days is not null
    where memberships.scheme = 'usage'
),

contracts as (
    select count(*) as contracts_count
    from {{ ref('subscription_status_periods') }}
    where is_coverage
),

churn_start as (
    select
        case
            when contracts.contracts_count > 0 then {{ observed_from('billing', 'measured_from') }}
            when limited.customers_count > 0 then {{ observed_from('events', 'measured_from') }}
        end as observed_from
    from contracts
    cross join limited
),

numbers as (
    {{ dbt.generate_series(1200) }}
),

months as (
    select
        bounds.as_of_date,
        bounds.first_started_date,
        cast({{ dbt.dateadd('month', 'cast(numbers.generated_number as integer) - 1', 'bounds.first_month') }} as date)
            as month_date
    from bounds
    cross join numbers
),

ended as (
    select
        months.*,
        {{ add_days(next_period_start('month', 'months.month_date'), -1) }} as month_end_date
    from months
    where months.month_date <= months.as_of_date
),

observed as (
    select
        ended.*,
        -- The month in which the source began is whole if nobody was a customer before.
        coalesce(greatest(ended.month_date, ended.first_started_date) >= churn_start.observed_from, false)
            as is_observed
    from ended
    cross join churn_start
)

select
    observed.month_date,
    observed.month_end_date,
    least(observed.month_end_date, observed.as_of_date) as last_date,
    observed.is_observed,
    observed.is_observed and {{ is_over('month', 'observed.month_date', 'observed.as_of_date') }} as is_complete,
    -- Until then a churn at the end of the month may still turn out to be a late renewal.
    observed.is_observed
    and {{ is_over('month', 'observed.month_date', add_days('observed.as_of_date', '-policy.churn_grace_days')) }}
        as is_final
from observed
cross join {{ ref('policy') }} as policy
