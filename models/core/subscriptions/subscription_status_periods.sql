-- The status of each subscription on each day, in slices that never overlap. Of several rows for a day the one that
-- began last counts, then the one written last. Paid and paused days are coverage; trials and free plans are not,
-- except a trial inside a paid subscription: a free month does not end the coverage.
with periods as (
    select
        periods.period_id,
        periods.subscription_id,
        customer_accounts.customer_id,
        periods.plan_code,
        case
            when periods.period_status <> 'active' then periods.period_status
            -- A plan unknown to policy is not free, whatever its price.
            when coalesce(periods.mrr, 0) = 0 and known_plans.tier = 0 then 'free'
            when periods.mrr = 0 and periods.plan_code is null then 'free'
            else 'paying'
        end as own_status,
        periods.currency_code,
        periods.end_kind,
        periods.end_reason_code,
        -- Pauses and trials are not billed, whatever price the row carries.
        case when periods.period_status = 'active' then periods.mrr else 0 end as mrr,
        periods.valid_from,
        least(periods.valid_to, customer_accounts.deleted_date) as valid_to,
        periods.renewal_date,
        case when periods.cancel_requested_at < run_context.as_of_end_at then periods.cancel_requested_at end
            as cancel_requested_at,
        periods.ingested_at
    from {{ ref('stg_billing__subscription_periods') }} as periods
    -- Periods that begin after the as-of date are not known yet.
    inner join {{ ref('run_context') }} as run_context
        on periods.valid_from <= run_context.as_of_date
    inner join {{ ref('customer_accounts') }} as customer_accounts
        on periods.customer_id = customer_accounts.source_customer_id
    left join {{ ref('plans') }} as known_plans
        on periods.plan_code = known_plans.plan_code
    where periods.valid_from
        < coalesce(least(periods.valid_to, customer_accounts.deleted_date), {{ end_of_time('date') }})
),

followed as (
    select
        *,
        max(coalesce(valid_to, {{ end_of_time('date') }})) over (
            partition by customer_id, subscription_id
            order by valid_from, period_id
            rows between unbounded preceding and 1 preceding
        ) as earlier_to
    from periods
),

tangled as (
    select distinct
        customer_id,
        subscription_id
    from followed
    where valid_from < earlier_to
),

overlapping as (
    select
        periods.customer_id,
        periods.subscription_id,
        periods.valid_from,
        periods.valid_to
    from periods
    inner join tangled
        on periods.customer_id = tangled.customer_id
        and periods.subscription_id = tangled.subscription_id
),

slices as (
    {{ split_periods(
        ['customer_id', 'subscription_id'], [['overlapping', ['valid_from', 'valid_to']]], with_future=true
    ) }}
),

untangled as (
    select
        periods.*,
        slices.valid_from as from_date,
        slices.valid_to as to_date,
        row_number() over (
            partition by periods.customer_id, periods.subscription_id, slices.valid_from
            order by periods.valid_from desc, periods.ingested_at desc, periods.period_id desc
        ) as choice
    from slices
    inner join periods
        on slices.customer_id = periods.customer_id
        and slices.subscription_id = periods.subscription_id
        and {{ holds_at('periods', 'slices.valid_from') }}
),

single as (
    select
        untangled.customer_id,
        untangled.subscription_id,
        untangled.period_id,
        untangled.plan_code,
        untangled.own_status,
        untangled.currency_code,
        untangled.end_kind,
        untangled.end_reason_code,
        untangled.mrr,
        untangled.from_date,
        untangled.to_date,
        untangled.renewal_date,
        untangled.cancel_requested_at
    from untangled
    where untangled.choice = 1
    union all
    select
        followed.customer_id,
        followed.subscription_id,
        followed.period_id,
        followed.plan_code,
        followed.own_status,
        followed.currency_code,
        followed.end_kind,
        followed.end_reason_code,
        followed.mrr,
        followed.valid_from as from_date,
        followed.valid_to as to_date,
        followed.renewal_date,
        followed.cancel_requested_at
    from followed
    left join tangled
        on followed.customer_id = tangled.customer_id
        and followed.subscription_id = tangled.subscription_id
    where tangled.customer_id is null
),

-- Merges slices of a subscription with gaps within the grace.
marked as (
    select
        single.*,
        case
            when {{ days_between(
                'lag(to_date) over (partition by customer_id, subscription_id order by from_date)', 'from_date'
            ) }} <= policy.churn_grace_days then 0
            else 1
        end as is_start
    from single
    cross join {{ ref('policy') }} as policy
),

runs as (
    select
        *,
        sum(is_start) over (
            partition by customer_id, subscription_id order by from_date rows unbounded preceding
        ) as run_number
    from marked
),

paid as (
    select
        *,
        min(case when own_status = 'paying' then from_date end) over (
            partition by customer_id, subscription_id, run_number
        ) as first_paid_date
    from runs
)

select
    customer_id,
    subscription_id,
    period_id,
    plan_code,
    case when own_status = 'trial' and first_paid_date < from_date then 'paying' else own_status end as status,
    currency_code,
    end_kind,
    end_reason_code,
    mrr,
    own_status in ('paying', 'paused') or coalesce(own_status = 'trial' and first_paid_date < from_date, false)
        as is_coverage,
    from_date,
    to_date,
    renewal_date,
    cancel_requested_at
from paid
