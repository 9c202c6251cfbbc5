-- What customers pay for and under which plan, without holes: the gap before a late renewal, and an end that is not yet
-- known to be a leaving, carry the last terms on. Otherwise every late renewal would look like a loss and a win.
with slices as (
    select
        slices.*,
        spells.spell_number,
        spells.covered_to_date as spell_to_date,
        spells.left_date
    from {{ ref('int_subscriptions__slices') }} as slices
    inner join {{ ref('int_customers__spells') }} as spells
        on slices.customer_id = spells.customer_id
        and slices.from_date >= spells.started_date
        and slices.from_date < coalesce(spells.covered_to_date, {{ far_future() }})
    where slices.is_coverage
),

neighbours as (
    select
        *,
        lead(from_date) over (partition by customer_id, subscription_id order by from_date) as renewed_date,
        max(coalesce(to_date, {{ open_end() }})) over (
            partition by customer_id, spell_number
            order by from_date, subscription_id
            rows between unbounded preceding and 1 preceding
        ) as earlier_to
    from slices
),

holes as (
    select distinct
        customer_id,
        earlier_to as from_date,
        from_date as to_date
    from neighbours
    where from_date > earlier_to
)

select
    neighbours.customer_id,
    neighbours.subscription_id,
    neighbours.spell_number,
    neighbours.plan_code,
    neighbours.period_status,
    neighbours.currency_code,
    cast(coalesce(neighbours.mrr, 0) as decimal(18, 2)) as mrr,
    neighbours.from_date,
    case
        when neighbours.to_date is null then null
        when {{ days_between('neighbours.to_date', 'neighbours.renewed_date') }} <= {{ threshold('churn_grace_days') }}
            then neighbours.renewed_date
        when holes.to_date is not null then holes.to_date
        when neighbours.to_date = neighbours.spell_to_date and neighbours.left_date is null then null
        else neighbours.to_date
    end as to_date
from neighbours
left join holes
    on neighbours.customer_id = holes.customer_id
    and neighbours.to_date = holes.from_date
