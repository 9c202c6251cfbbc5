-- What each subscription was on each stretch of days: no two slices of one overlap, whatever the periods do. Where
-- periods overlap, the one that began last counts. Coverage is paid or paused; trials and free plans are none.
with periods as (
    select
        periods.period_id,
        periods.subscription_id,
        periods.customer_id,
        periods.plan_code,
        periods.period_status,
        coalesce(periods.currency, '{{ var("reporting_currency") }}') as currency_code,
        periods.end_kind,
        periods.end_reason_code,
        -- A pause is not billed, whatever price the row still carries.
        case when periods.period_status = 'active' then periods.mrr else 0 end as mrr,
        periods.period_status = 'paused'
        or (
            periods.period_status = 'active'
            and not (coalesce(periods.mrr, 1) = 0 and coalesce(known_plans.tier, 0) = 0)
        ) as is_coverage,
        periods.valid_from,
        periods.valid_to,
        periods.renewal_date,
        case when periods.cancel_requested_at < run_context.as_of_end_at then periods.cancel_requested_at end
            as cancel_requested_at
    from {{ ref('stg_billing__subscription_periods') }} as periods
    -- A period that has not begun is not known yet.
    inner join {{ ref('run_context') }} as run_context
        on periods.valid_from <= run_context.as_of_date
    inner join {{ ref('int_customers__registration') }} as customers
        on periods.customer_id = customers.customer_id
    left join {{ ref('plans') }} as known_plans
        on periods.plan_code = known_plans.plan_code
    where periods.valid_to is null or periods.valid_to > periods.valid_from
),

followed as (
    select
        *,
        max(coalesce(valid_to, {{ open_end() }})) over (
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

cuts as (
    select
        periods.customer_id,
        periods.subscription_id,
        periods.valid_from as cut_date
    from periods
    inner join tangled
        on periods.customer_id = tangled.customer_id
        and periods.subscription_id = tangled.subscription_id
    union
    select
        periods.customer_id,
        periods.subscription_id,
        periods.valid_to as cut_date
    from periods
    inner join tangled
        on periods.customer_id = tangled.customer_id
        and periods.subscription_id = tangled.subscription_id
    where periods.valid_to is not null
),

stretches as (
    select
        customer_id,
        subscription_id,
        cut_date as from_date,
        lead(cut_date) over (partition by customer_id, subscription_id order by cut_date) as to_date
    from cuts
),

untangled as (
    select
        periods.*,
        stretches.from_date,
        stretches.to_date,
        row_number() over (
            partition by periods.customer_id, periods.subscription_id, stretches.from_date
            order by periods.valid_from desc, periods.period_id desc
        ) as choice
    from stretches
    inner join periods
        on stretches.customer_id = periods.customer_id
        and stretches.subscription_id = periods.subscription_id
        and {{ holds_at('periods', 'stretches.from_date') }}
)

select
    customer_id,
    subscription_id,
    period_id,
    plan_code,
    period_status,
    currency_code,
    end_kind,
    end_reason_code,
    mrr,
    is_coverage,
    from_date,
    to_date,
    renewal_date,
    cancel_requested_at
from untangled
where choice = 1
union all
select
    followed.customer_id,
    followed.subscription_id,
    followed.period_id,
    followed.plan_code,
    followed.period_status,
    followed.currency_code,
    followed.end_kind,
    followed.end_reason_code,
    followed.mrr,
    followed.is_coverage,
    followed.valid_from as from_date,
    followed.valid_to as to_date,
    followed.renewal_date,
    followed.cancel_requested_at
from followed
left join tangled
    on followed.customer_id = tangled.customer_id
    and followed.subscription_id = tangled.subscription_id
where tangled.customer_id is null
