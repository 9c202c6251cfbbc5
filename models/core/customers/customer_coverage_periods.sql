-- Days on which a customer is covered, late renewals bridged. `customer`: paid or paused contracts; `access`: trials
-- and free plans too. Without any contract, coverage is use at intervals that the segment allows. Only
-- customer_status_periods and the terms and notices of contracts read this.
with company as (
    select count(*) > 0 as has_contracts from {{ ref('subscription_status_periods') }}
),

covered as (
    select
        customer_id,
        'customer' as coverage_kind,
        from_date,
        coalesce(to_date, {{ end_of_time('date') }}) as to_date
    from {{ ref('subscription_status_periods') }}
    where is_coverage
    union all
    select
        customer_id,
        'access' as coverage_kind,
        from_date,
        coalesce(to_date, {{ end_of_time('date') }}) as to_date
    from {{ ref('subscription_status_periods') }}
),

followed as (
    select
        *,
        max(to_date) over (
            partition by customer_id, coverage_kind
            order by from_date, to_date
            rows between unbounded preceding and 1 preceding
        ) as earlier_to
    from covered
),

-- A gap precedes a row that begins after all earlier rows have ended. Rows of one day have no gap between them,
-- whatever their order.
numbered as (
    select
        followed.*,
        sum(case
            when followed.earlier_to is null
                or {{ days_between('followed.earlier_to', 'followed.from_date') }} > policy.churn_grace_days then 1
            else 0
        end) over (
            partition by followed.customer_id, followed.coverage_kind
            order by followed.from_date, followed.to_date rows unbounded preceding
        ) as coverage_number
    from followed
    cross join {{ ref('policy') }} as policy
),

contracts as (
    select
        customer_id,
        coverage_kind,
        coverage_number,
        min(from_date) as started_date,
        nullif(max(to_date), {{ end_of_time('date') }}) as covered_to_date
    from numbered
    group by customer_id, coverage_kind, coverage_number
),

known as (
    select
        contracts.customer_id,
        contracts.coverage_kind,
        contracts.coverage_number,
        'contract' as basis,
        contracts.started_date,
        contracts.covered_to_date,
        {{ add_days('contracts.covered_to_date', 'policy.churn_grace_days') }} as recognised_date
    from contracts
    cross join {{ ref('policy') }} as policy
    union all
    select
        customer_id,
        'customer' as coverage_kind,
        activity_number as coverage_number,
        'activity' as basis,
        started_date,
        inactive_date as covered_to_date,
        inactive_date as recognised_date
    from {{ ref('customer_activity_periods') }}
    where not (select company.has_contracts from company)
)

select
    known.customer_id,
    known.coverage_kind,
    cast(known.coverage_number as bigint) as coverage_number,
    known.basis,
    known.started_date,
    known.covered_to_date,
    -- A deleted account cannot renew late, so its end is known without the grace.
    case
        when known.covered_to_date = customer_accounts.deleted_date then known.covered_to_date
        when known.recognised_date <= run_context.as_of_date then known.covered_to_date
    end as ended_date,
    case
        when known.covered_to_date = customer_accounts.deleted_date then known.covered_to_date
        when known.recognised_date <= run_context.as_of_date then known.recognised_date
    end as recognised_date
from known
inner join {{ ref('customer_accounts') }} as customer_accounts
    on known.customer_id = customer_accounts.customer_id
cross join {{ ref('run_context') }} as run_context
