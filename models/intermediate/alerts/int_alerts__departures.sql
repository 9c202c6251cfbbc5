-- When it was known that somebody had left, and when they were back: customers, and accounts whose trial or free
-- contract ran out before they ever became one.
with first_spells as (
    select
        customer_id,
        min(started_date) as started_date
    from {{ ref('customer_tenures') }}
    group by customer_id
),

lapsed as (
    select
        slices.customer_id,
        max(coalesce(slices.to_date, {{ open_end() }})) as left_date,
        min(first_spells.started_date) as started_date
    from {{ ref('int_subscriptions__slices') }} as slices
    left join first_spells
        on slices.customer_id = first_spells.customer_id
    where not slices.is_coverage
        and (first_spells.started_date is null or slices.from_date < first_spells.started_date)
    group by slices.customer_id
),

dated as (
    select
        customer_id,
        left_date,
        {{ add_days('left_date', 'cast(' ~ threshold('churn_grace_days') ~ ' as integer)') }} as recognised_date,
        started_date as returned_date
    from lapsed
    where left_date < {{ open_end() }}
)

select
    customer_id,
    true as is_customer,
    left_date,
    recognised_date,
    returned_date
from {{ ref('fct_churn_events') }}
union all
select
    dated.customer_id,
    false as is_customer,
    dated.left_date,
    dated.recognised_date,
    dated.returned_date
from dated
inner join {{ ref('run_context') }} as run_context
    on dated.recognised_date <= run_context.as_of_date
where dated.returned_date is null
    or dated.returned_date > dated.recognised_date
