-- Transactions of Chargebee: payments and refunds, failed ones included.
-- Left out: authorizations, void and deleted transactions.
with transactions as (
    select
        transaction ->> 'status' as outcome,
        transaction ->> 'type' as kind,
        transaction,
        _file,
        _line
    from {{ export('chargebee/transactions*.json*', rows='list') }}
    -- An authorization only reserves money.
    where (transaction ->> 'type') in ('payment', 'refund', 'payment_reversal')
    -- Of the newest export: an older one may still have a payment that is void now.
    qualify row_number() over (
            partition by transaction ->> 'id' order by _exported_at desc, _file desc, _line desc
        ) = 1
        and (transaction ->> 'status') <> 'voided'
        and coalesce(transaction ->> 'deleted', 'false') = 'false'
)

select
    transaction ->> 'id' as payment_id,
    transaction ->> 'customer_id' as customer_id,
    transaction ->> 'subscription_id' as subscription_id,
    unix_moment(transaction ->> 'date') as paid_at,
    major_units(transaction ->> 'amount', transaction ->> 'currency_code') as amount,
    transaction ->> 'currency_code' as currency,
    case
        when outcome = 'success' then 'succeeded'
        when outcome in ('failure', 'late_failure', 'timeout') then 'failed'
        else 'pending'
    end as status,
    kind <> 'payment' as is_refund,
    unix_moment(transaction ->> 'updated_at') as ingested_at,
    'chargebee' as source_system,
    _file,
    _line
from transactions
