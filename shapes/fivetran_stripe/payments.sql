-- Invoices and refunds of Stripe as Fivetran lands them. An invoice is one payment.
-- Left out: drafts, void, deleted and free invoices.
with customers as (
    select
        id,
        coalesce(metadata ->> 'customer_id', id) as customer_id
    from {{ export('fivetran_stripe/customer/*', text=true, latest='id', columns=[
        'address_city', 'address_country', 'is_deleted', 'livemode', 'metadata', 'name'
    ]) }}
),

money as (
    select
        id,
        customer_id,
        subscription_id,
        coalesce(status_transitions_paid_at, status_transitions_finalized_at, created) as paid_at,
        case when status = 'paid' then amount_paid else amount_due end as amount,
        currency,
        case
            when status = 'paid' then 'succeeded'
            when status = 'uncollectible' or attempted = 'true' then 'failed'
            else 'pending'
        end as status,
        false as is_refund,
        _file,
        _line
    from {{ export('fivetran_stripe/invoice/*', text=true, latest='id', columns=[
        'attempted', 'status_transitions_finalized_at', 'status_transitions_paid_at', 'subscription_id'
    ]) }}
    -- Drafts are not sent yet and void invoices never were due; nothing was paid for a free one.
    where status not in ('draft', 'void', 'deleted') and amount_due <> '0'
    union all
    select
        r.id,
        c.customer_id,
        null,
        r.created,
        r.amount,
        r.currency,
        case r.status when 'succeeded' then 'succeeded' when 'failed' then 'failed' when 'canceled' then 'failed'
            else 'pending'
        end,
        true,
        r._file,
        r._line
    from {{ export('fivetran_stripe/refund/*', text=true, latest='id', optional=true, columns=[
        'id', 'amount', 'charge_id', 'created', 'currency', 'status'
    ]) }} as r
    left join {{ export('fivetran_stripe/charge/*', text=true, latest='id', optional=true,
                        columns=['id', 'customer_id']) }} as c
        on c.id = r.charge_id
)

select
    m.id as payment_id,
    coalesce(c.customer_id, m.customer_id) as customer_id,
    m.subscription_id,
    m.paid_at,
    major_units(m.amount, m.currency) as amount,
    upper(m.currency) as currency,
    m.status,
    m.is_refund,
    'stripe' as source_system,
    m._file,
    m._line
from money as m
left join customers as c on c.id = m.customer_id
