-- Plans and prices of customers without gaps: the terms continue through the gap before a late renewal, and after an
-- end that is not yet known to be a churn. Otherwise a late renewal would look like a loss and a gain.
with slices as (
    select
        slices.*,
        coverage.coverage_number as tenure_number,
        coverage.covered_to_date,
        coverage.ended_date
    from {{ ref('subscription_status_periods') }} as slices
    inner join {{ ref('customer_coverage_periods') }} as coverage
        on slices.customer_id = coverage.customer_id
        and coverage.coverage_kind = 'customer'
        and slices.from_date >= coverage.started_date
        and slices.from_date < coalesce(coverage.covered_to_date, {{ end_of_time('timestamp') }})
    where slices.is_coverage
),

neighbours as (
    select
        *,
        lead(from_date) over (partition by customer_id, subscription_id order by from_date) as renewed_date,
        lag(to_date) over (partition by customer_id, subscription_id order by from_date) as own_earlier_to,
        max(coalesce(to_date, {{ end_of_time('date') }})) over (
            partition by customer_id, tenure_number
            order by from_date, to_date nulls last, subscription_id
            rows between unbounded preceding and 1 preceding
        ) as earlier_to
    from slices
),

-- A gap that a new subscription closes is a late renewal of all that ended before; a gap that a subscription closes
-- itself says nothing about the others.
holes as (
    select distinct
        customer_id,
        earlier_to as from_date,
        from_date as to_date
    from neighbours
    where from_date > earlier_to
        and coalesce(own_earlier_to < earlier_to, true)
)

select
    neighbours.customer_id,
    neighbours.subscription_id,
    neighbours.tenure_number,
    neighbours.plan_code,
    neighbours.status,
    neighbours.currency_code,
    cast(coalesce(neighbours.mrr, 0) as decimal(18, 6)) as mrr,
    neighbours.from_date,
    case
        when neighbours.to_date is null then null
        when {{ days_between('neighbours.to_date', 'neighbours.renewed_date') }} <= policy.churn_grace_days
            then neighbours.renewed_date
        when holes.to_date is not null then holes.to_date
        when neighbours.to_date = neighbours.covered_to_date and neighbours.ended_date is null then null
        else neighbours.to_date
    end as to_date
from neighbours
left join holes
    on neighbours.customer_id = holes.customer_id
    and neighbours.to_date = holes.from_date
cross join {{ ref('policy') }} as policy
