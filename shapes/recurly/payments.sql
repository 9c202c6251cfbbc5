-- Transactions of Recurly: purchases and refunds, declined ones included.
-- Left out: verifications, authorizations, void and free transactions.
select
    id as payment_id,
    account ->> 'code' as customer_id,
    elements(subscription_ids)[1] ->> '$' as subscription_id,
    coalesce(collected_at, created_at) as paid_at,
    amount,
    currency,
    case
        when status in ('success', 'chargeback') then 'succeeded'
        when status in ('declined', 'error') then 'failed'
        else 'pending'
    end as status,
    type = 'refund' as is_refund,
    updated_at as ingested_at,
    'recurly' as source_system,
    _file,
    _line
from {{ export('recurly/transactions*.json*', rows='data', latest='id', columns=['collected_at', 'subscription_ids']) }}
-- Verifications and authorizations only reserve money.
where type in ('purchase', 'capture', 'refund') and status <> 'void' and try_cast(amount as double) is distinct from 0
