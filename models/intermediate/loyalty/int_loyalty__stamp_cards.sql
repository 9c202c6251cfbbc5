-- LOY-02. A card begins with its first stamp and is full with its last; an entry may fill one and begin the next.
with stamps as (
    select
        entries.entry_id,
        entries.customer_id,
        entries.program_code,
        programs.stamps_to_reward,
        entries.signed_points,
        sum(entries.signed_points) over (
            partition by entries.customer_id, entries.program_code order by entries.occurred_at, entries.entry_id
            rows between unbounded preceding and current row
        ) as stamps_after,
        entries.occurred_date
    from {{ ref('fct_loyalty_entries') }} as entries
    inner join {{ ref('loyalty_programs') }} as programs
        on entries.program_code = programs.program_code
        and programs.kind = 'stamps'
    where entries.entry_kind in ('earn', 'adjust')
),

reached as (
    select
        customer_id,
        program_code,
        ceil(1.0 * stamps_after / stamps_to_reward) as begun_order,
        ceil(1.0 * (stamps_after - signed_points) / stamps_to_reward) as begun_before_order,
        floor(1.0 * stamps_after / stamps_to_reward) as full_order,
        floor(1.0 * (stamps_after - signed_points) / stamps_to_reward) as full_before_order,
        occurred_date
    from stamps
),

steps as (
    select
        customer_id,
        program_code,
        begun_order as card_order,
        occurred_date as begun_date,
        cast(null as date) as completed_date
    from reached
    where begun_order > begun_before_order
    union all
    select
        customer_id,
        program_code,
        full_order as card_order,
        cast(null as date) as begun_date,
        occurred_date as completed_date
    from reached
    where full_order > full_before_order
)

select
    customer_id,
    program_code,
    cast(card_order as bigint) as card_order,
    coalesce(min(begun_date), min(completed_date)) as begun_date,
    min(completed_date) as completed_date
from steps
where card_order >= 1
group by customer_id, program_code, card_order
