{{ config(materialized=inlined('view')) }}
-- The kind gives the direction, whatever sign the source writes; only adjustments have a sign of their own.
select
    entries.entry_id,
    entries.customer_id,
    entries.program_code,
    programs.kind as program_kind,
    entries.kind as entry_kind,
    entries.order_id,
    cast(case
        when entries.kind = 'earn' then abs(coalesce(entries.points, 0))
        when entries.kind in ('redeem', 'expire') then -1 * abs(coalesce(entries.points, 0))
        when entries.kind = 'adjust' then coalesce(entries.points, 0)
        else 0
    end as decimal(18, 2)) as signed_points,
    {{ converted('entries.amount') }} as reporting_amount,
    entries.occurred_date,
    entries.valid_to,
    entries.occurred_at
from {{ ref('stg_billing__loyalty_ledger') }} as entries
inner join {{ ref('run_context') }} as run_context
    on entries.occurred_at < run_context.as_of_end_at
-- Test accounts and deleted customers count nowhere.
inner join {{ ref('customer_registrations') }} as registration
    on entries.customer_id = registration.customer_id
left join {{ ref('loyalty_programs') }} as programs
    on entries.program_code = programs.program_code
{{ join_rates('entries.currency_code', 'entries.occurred_date') }}
