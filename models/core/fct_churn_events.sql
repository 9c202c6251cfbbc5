-- Who left, when, and what is known of it. Several contracts may end on the day: the one that says most speaks for all.
with last_slices as (
    select
        spells.customer_id,
        spells.spell_number,
        slices.plan_code,
        slices.end_kind,
        slices.end_reason_code,
        max(slices.cancel_requested_at) over (
            partition by spells.customer_id, spells.spell_number
        ) as cancel_requested_at,
        row_number() over (
            partition by spells.customer_id, spells.spell_number
            order by
                case when slices.end_reason_code is null then 1 else 0 end asc,
                case when slices.end_kind is null then 1 else 0 end asc,
                slices.mrr desc nulls last,
                slices.period_id asc
        ) as choice
    from {{ ref('int_customers__spells') }} as spells
    inner join {{ ref('int_subscriptions__slices') }} as slices
        on spells.customer_id = slices.customer_id
        and spells.left_date = slices.to_date
        and slices.is_coverage
    where spells.basis = 'contract'
),

losses as (
    select
        customer_id,
        spell_number,
        -sum(converted_mrr_change) as mrr_lost
    from {{ ref('fct_mrr_changes') }}
    where movement = 'churned'
    group by customer_id, spell_number
)

select
    spells.customer_id,
    spells.spell_number,
    spells.basis,
    last_slices.plan_code,
    last_slices.end_reason_code,
    case when spells.basis = 'contract' then cast(coalesce(losses.mrr_lost, 0) as decimal(18, 2)) end as mrr_lost,
    case
        when last_slices.end_kind is not null then last_slices.end_kind = 'voluntary'
        when last_slices.cancel_requested_at is not null then true
    end as is_voluntary,
    spells.started_date,
    spells.left_date,
    {{ period_start('month', 'spells.left_date') }} as left_month,
    spells.recognised_date,
    spells.returned_date,
    last_slices.cancel_requested_at
from {{ ref('int_customers__spells') }} as spells
left join last_slices
    on spells.customer_id = last_slices.customer_id
    and spells.spell_number = last_slices.spell_number
    and last_slices.choice = 1
left join losses
    on spells.customer_id = losses.customer_id
    and spells.spell_number = losses.spell_number
where spells.left_date is not null
