{{ config(materialized=inlined('view')) }}
-- Compensations as of the close of the business day. Words count from the moment at which they reached the customer.
select
    compensations.compensation_id,
    compensations.customer_id,
    compensations.reason_type,
    compensations.reason_id,
    compensations.kind as compensation_kind,
    compensations.currency_code,
    compensations.amount,
    {{ converted('compensations.amount') }} as reporting_amount,
    compensations.offered_date,
    compensations.offered_at,
    case
        when not coalesce(kinds.is_apology, false) then compensations.offered_at
        when contacts.effective_at is not null then greatest(compensations.offered_at, contacts.effective_at)
    end as received_at,
    {{ known('compensations.used_at') }} as used_at
from {{ ref('stg_support__compensations') }} as compensations
inner join {{ ref('run_context') }} as run_context
    on compensations.offered_at < run_context.as_of_end_at
inner join {{ ref('customer_registrations') }} as customers
    on compensations.customer_id = customers.customer_id
left join {{ ref('compensation_kinds') }} as kinds
    on compensations.kind = kinds.compensation_kind
left join {{ ref('fct_contacts') }} as contacts
    on compensations.contact_id = contacts.contact_id
{{ join_rates('compensations.currency_code', 'compensations.offered_date') }}
