-- Invoices and refunds of Stripe. An invoice is one payment: paid, failed after an attempt, or still expected.
-- Left out: drafts, void and free invoices.
with customers as (
    select
        id,
        coalesce(metadata ->> 'customer_id', id) as customer_id
    from {{ export('stripe/customers*', text=true, rows='data', latest='id',
                   columns=['address', 'livemode', 'metadata', 'name']) }}
),

invoices as (
    from {{ export('stripe/invoices*', text=true, rows='data', latest='id',
                   columns=['attempted', 'charge', 'parent', 'status_transitions', 'subscription']) }}
),

-- A refund names its charge, and the charge its customer.
charges as (
    select
        id,
        id_of(customer) as customer
    from {{ export('stripe/charges*', text=true, rows='data', latest='id', optional=true, columns=['id', 'customer']) }}
    union all
    select
        id_of(charge),
        id_of(customer)
    from invoices
    where charge is not null
),

payers as (
    select
        id,
        any_value(customer) as customer
    from charges
    group by id
),

money as (
    select
        id,
        id_of(customer) as customer,
        coalesce(id_of(subscription), parent ->> '$.subscription_details.subscription') as subscription_id,
        coalesce(
            status_transitions ->> 'paid_at', status_transitions ->> 'finalized_at', created
        ) as paid_at,
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
    from invoices
    -- Drafts are not sent yet and void invoices never were due; nothing was paid for a free one.
    where status not in ('draft', 'void') and amount_due <> '0'
    union all
    select
        r.id,
        coalesce(
            case when starts_with(r.charge, '{') then id_of(r.charge ->> 'customer') end,
            payers.customer
        ),
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
    from {{ export('stripe/refunds*', text=true, rows='data', latest='id', optional=true,
                   columns=['id', 'amount', 'charge', 'created', 'currency', 'status']) }} as r
    left join payers on payers.id = id_of(r.charge)
)

select
    m.id as payment_id,
    coalesce(c.customer_id, m.customer) as customer_id,
    m.subscription_id,
    unix_moment(m.paid_at) as paid_at,
    major_units(m.amount, m.currency) as amount,
    upper(m.currency) as currency,
    m.status,
    m.is_refund,
    'stripe' as source_system,
    m._file,
    m._line
from money as m
left join customers as c on c.id = m.customer
