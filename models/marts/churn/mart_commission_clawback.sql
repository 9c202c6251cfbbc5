select
    commission_id,
    employee_id,
    customer_id,
    customer_status,
    subscription_id,
    currency_code,
    commission_status,
    decision_status,
    end_reason_code,
    commission_amount,
    cast(case when decision_status = 'clawback_due' then commission_amount else 0 end as decimal(18, 2))
        as due_back_amount,
    converted_amount,
    is_paying,
    is_first_sale,
    is_mature,
    sold_month,
    sold_at,
    window_end_at,
    left_at,
    paid_at
from {{ ref('int_commissions__decisions') }}
