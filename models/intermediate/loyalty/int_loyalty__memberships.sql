-- LOY-04. A fee begins a membership; a use belongs to the membership that began last and covers its day.
with fees as (
    select
        entries.entry_id as membership_id,
        entries.customer_id,
        entries.program_code,
        entries.reporting_amount as fee_amount,
        entries.occurred_date as started_date,
        coalesce(entries.valid_to, {{ add_months('entries.occurred_date', 'policy.membership_months') }}) as ended_date,
        entries.occurred_at as started_at,
        row_number() over (
            partition by entries.customer_id, entries.program_code order by entries.occurred_at, entries.entry_id
        ) as membership_order,
        lead(entries.occurred_date) over (
            partition by entries.customer_id, entries.program_code order by entries.occurred_at, entries.entry_id
        ) as next_started_date
    from {{ ref('fct_loyalty_entries') }} as entries
    cross join {{ ref('policy') }} as policy
    where entries.entry_kind = 'membership_fee'
),

uses as (
    select
        fees.membership_id,
        fees.fee_amount,
        entries.entry_id,
        entries.reporting_amount,
        entries.occurred_date,
        entries.occurred_at,
        row_number() over (partition by entries.entry_id order by fees.membership_order desc) as choice
    from fees
    inner join {{ ref('fct_loyalty_entries') }} as entries
        on fees.customer_id = entries.customer_id
        and fees.program_code = entries.program_code
        and entries.entry_kind = 'benefit'
        and entries.occurred_date >= fees.started_date
        and entries.occurred_date < fees.ended_date
),

saved as (
    select
        membership_id,
        fee_amount,
        occurred_date,
        reporting_amount,
        row_number() over so_far as use_order,
        sum(reporting_amount) over so_far as saved_so_far
    from uses
    where choice = 1
    window so_far as (
        partition by membership_id order by occurred_at, entry_id rows between unbounded preceding and current row
    )
),

summed as (
    select
        membership_id,
        count(*) as uses_count,
        sum(reporting_amount) as saved_amount,
        min(case when saved_so_far >= fee_amount then use_order end) as breakeven_use_order,
        min(case when saved_so_far >= fee_amount then occurred_date end) as breakeven_date
    from saved
    group by membership_id
)

select
    fees.membership_id,
    fees.customer_id,
    fees.program_code,
    fees.membership_order,
    fees.fee_amount,
    coalesce(summed.uses_count, 0) as uses_count,
    case when summed.membership_id is null then 0 else summed.saved_amount end as saved_amount,
    summed.breakeven_use_order,
    fees.started_date,
    fees.ended_date,
    summed.breakeven_date,
    fees.next_started_date,
    fees.started_at
from fees
left join summed
    on fees.membership_id = summed.membership_id
