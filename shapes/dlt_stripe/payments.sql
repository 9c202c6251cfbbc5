-- Invoices and refunds of Stripe as dlt lands them. An invoice is one payment.
-- Left out: drafts, void and free invoices.
with customers as (
    select
        id,
        coalesce(metadata__customer_id, id) as customer_id
    from {{ export('dlt_stripe/customer/*', text=true, latest='id', columns=[
        'address__city', 'address__country', 'livemode', 'metadata__customer_id', 'name'
    ]) }}
),

invoices as (
    from {{ export('dlt_stripe/invoice/*', text=true, latest='id', columns=[
        'attempted', 'charge', 'parent__subscription_details__subscription', 'status_transitions__finalized_at',
        'status_transitions__paid_at', 'subscription'
    ]) }}
),

money as (
    select
        id,
        customer,
        coalesce(subscription, parent__subscription_details__subscription) as subscription_id,
        coalesce(status_transitions__paid_at, status_transitions__finalized_at, created) as paid_at,
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
    where status not in ('draft', 'void', 'deleted') and amount_due <> '0'
    union all
    select
        r.id,
        i.customer,
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
    from {{ export('dlt_stripe/refund/*', text=true, latest='id', optional=true, columns=[
        'id', 'amount', 'charge', 'created', 'currency', 'status'
    ]) }} as r
    left join invoices as i on i.charge = r.charge
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
