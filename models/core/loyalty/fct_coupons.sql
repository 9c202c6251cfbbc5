{{ config(materialized=inlined('view')) }}
-- A coupon without a due day is due on the last day on which it can be used.
select
    coupons.coupon_id,
    coupons.customer_id,
    coalesce(coupons.program_code, 'unassigned') as program_code,
    coupons.campaign_code,
    coupons.order_id,
    coupons.reminder_contact_id,
    {{ converted('coupons.amount') }} as reporting_amount,
    coupons.discount_pct,
    coupons.issued_date,
    coalesce(coupons.due_date, {{ add_days('coupons.valid_to', -1) }}) as due_date,
    coupons.valid_to,
    {{ business_date(known('coupons.redeemed_at')) }} as redeemed_date,
    coupons.issued_at,
    {{ known('coupons.redeemed_at') }} as redeemed_at,
    {{ known('coupons.reminded_at') }} as reminded_at,
    {{ known('coupons.reminder_reached_at') }} as reminder_reached_at
from {{ ref('stg_billing__coupons') }} as coupons
inner join {{ ref('run_context') }} as run_context
    on coupons.issued_at < run_context.as_of_end_at
-- Test accounts and deleted customers count nowhere.
inner join {{ ref('customer_registrations') }} as registration
    on coupons.customer_id = registration.customer_id
{{ join_rates('coupons.currency_code', 'coupons.issued_date') }}
