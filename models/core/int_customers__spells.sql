-- Stretches of days on which somebody was a customer. With contracts: paid or paused coverage, gaps up to the grace
-- bridged. Without any contract: use at intervals that the segment allows. A leaving is dated where the coverage or the
-- allowance ended, and known when nothing came within the grace.
with covered as (
    select
        customer_id,
        from_date,
        coalesce(to_date, {{ open_end() }}) as to_date,
        max(coalesce(to_date, {{ open_end() }})) over (
            partition by customer_id
            order by from_date, subscription_id
            rows between unbounded preceding and 1 preceding
        ) as earlier_to
    from {{ ref('int_subscriptions__slices') }}
    where is_coverage
),

numbered as (
    select
        customer_id,
        from_date,
        to_date,
        sum(case
            when earlier_to is null
                or {{ days_between('earlier_to', 'from_date') }} > {{ threshold('churn_grace_days') }} then 1
            else 0
        end) over (partition by customer_id order by from_date, to_date rows unbounded preceding) as spell_number
    from covered
),

contract_spells as (
    select
        customer_id,
        spell_number,
        min(from_date) as started_date,
        nullif(max(to_date), {{ open_end() }}) as covered_to_date
    from numbered
    group by customer_id, spell_number
),

-- Whoever ever had a contract, be it a trial, is judged by contracts alone.
silent_customers as (
    select
        customers.customer_id,
        customers.registration_segment_code,
        customers.registered_date
    from {{ ref('int_customers__registration') }} as customers
    left join {{ ref('int_subscriptions__slices') }} as slices
        on customers.customer_id = slices.customer_id
    where slices.customer_id is null
),

active_days as (
    select
        customer_id,
        registration_segment_code,
        registered_date as active_date
    from silent_customers
    union
    select
        customers.customer_id,
        customers.registration_segment_code,
        usage_days.usage_date as active_date
    from {{ ref('fct_usage_daily') }} as usage_days
    inner join silent_customers as customers
        on usage_days.customer_id = customers.customer_id
        and usage_days.usage_date > customers.registered_date
    where usage_days.usage_date <= (select run_context.as_of_date from {{ ref('run_context') }} as run_context)
),

followed as (
    select
        *,
        lead(active_date) over (partition by customer_id order by active_date) as next_active_date
    from active_days
),

-- Few days are followed by a silence long enough for anybody: only those are held against their segment's limit.
silences as (
    select
        followed.customer_id,
        followed.registration_segment_code,
        followed.active_date,
        followed.next_active_date
    from followed
    where followed.next_active_date is null
        or {{ days_between('followed.active_date', 'followed.next_active_date') }}
        > (select min(segments.churn_inactivity_days) from {{ ref('dim_segments') }} as segments)
),

judged as (
    select
        silences.customer_id,
        silences.active_date,
        silences.next_active_date,
        {{ add_days('silences.active_date', 'limits.churn_inactivity_days') }} as left_date
    from silences
    left join {{ ref('dim_customer_segments') }} as periods
        on silences.customer_id = periods.customer_id
        and periods.scheme = 'usage'
        and {{ holds_at('periods', 'silences.active_date') }}
    left join {{ ref('dim_segments') }} as limits
        on coalesce(periods.segment_code, silences.registration_segment_code) = limits.segment_code
),

ends as (
    select
        *,
        lag(next_active_date) over (partition by customer_id order by active_date) as returned_date,
        row_number() over (partition by customer_id order by active_date) as spell_number
    from judged
    -- NULL limits keep the customer: who has no segment has no rhythm.
    where next_active_date is null
        or next_active_date > left_date
),

spells as (
    select
        customer_id,
        spell_number,
        'contract' as basis,
        started_date,
        covered_to_date,
        {{ add_days('covered_to_date', 'cast(' ~ threshold('churn_grace_days') ~ ' as integer)') }} as recognised_date
    from contract_spells
    union all
    select
        ends.customer_id,
        ends.spell_number,
        'silence' as basis,
        coalesce(ends.returned_date, customers.registered_date) as started_date,
        ends.left_date as covered_to_date,
        ends.left_date as recognised_date
    from ends
    inner join silent_customers as customers
        on ends.customer_id = customers.customer_id
)

select
    spells.customer_id,
    cast(spells.spell_number as bigint) as spell_number,
    spells.basis,
    spells.started_date,
    spells.covered_to_date,
    case when spells.recognised_date <= run_context.as_of_date then spells.covered_to_date end as left_date,
    case when spells.recognised_date <= run_context.as_of_date then spells.recognised_date end as recognised_date,
    case
        when spells.recognised_date <= run_context.as_of_date
            then lead(spells.started_date) over (partition by spells.customer_id order by spells.spell_number)
    end as returned_date
from spells
cross join {{ ref('run_context') }} as run_context
