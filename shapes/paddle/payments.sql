-- Transactions and refunds of Paddle Billing.
-- Left out: unfinished checkouts, cancelled and free transactions, credits and reversed adjustments.
with customers as (
    select
        id,
        coalesce(custom_data ->> 'customer_id', id) as customer_id
    from {{ export('paddle/customers*.json*', rows='data', latest='id', columns=['custom_data', 'name']) }}
),

money as (
    select
        id,
        customer_id,
        subscription_id,
        coalesce(
            (list_filter(elements(payments), lambda payment: (payment ->> 'status') = 'captured'))[1] ->> 'captured_at',
            billed_at,
            created_at
        ) as paid_at,
        details ->> '$.totals.grand_total' as amount,
        currency_code,
        case when status in ('paid', 'completed') then 'succeeded' when status = 'past_due' then 'failed'
            else 'pending'
        end as status,
        false as is_refund,
        updated_at,
        _file,
        _line
    from {{ export('paddle/transactions*.json*', rows='data', latest='id', columns=[
        'billed_at', 'details', 'payments', 'subscription_id'
    ]) }}
    -- Drafts are checkouts that nobody finished, and nothing was paid for a free transaction.
    where
        status in ('billed', 'paid', 'completed', 'past_due')
        and (details ->> '$.totals.grand_total') is distinct from '0'
    union all
    select
        id,
        customer_id,
        subscription_id,
        created_at,
        totals ->> 'total',
        totals ->> 'currency_code',
        case status when 'approved' then 'succeeded' when 'rejected' then 'failed' else 'pending' end,
        true,
        updated_at,
        _file,
        _line
    from {{ export('paddle/adjustments*.json*', rows='data', latest='id', optional=true, columns=[
        'id', 'action', 'created_at', 'customer_id', 'status', 'subscription_id', 'totals', 'updated_at'
    ]) }}
    -- A credit is set off against the next transaction; no money goes back.
    where action in ('refund', 'chargeback') and status <> 'reversed'
)

select
    m.id as payment_id,
    coalesce(c.customer_id, m.customer_id) as customer_id,
    m.subscription_id,
    m.paid_at,
    major_units(m.amount, m.currency_code) as amount,
    m.currency_code as currency,
    m.status,
    m.is_refund,
    m.updated_at as ingested_at,
    'paddle' as source_system,
    m._file,
    m._line
from money as m
left join customers as c on c.id = m.customer_id
