-- LOY-01.
select
    coupons.coupon_id,
    coupons.customer_id,
    coalesce(status.status, 'registered') as customer_status,
    coupons.program_code,
    coupons.campaign_code,
    coupons.order_id,
    coupons.coupon_state,
    cast(coupons.reporting_amount as decimal(18, 2)) as coupon_amount,
    cast(coupons.discount_pct as {{ type_double() }}) as discount_pct,
    cast({{ days_between('run_context.as_of_date', 'coupons.due_date') }} as bigint) as to_due_days,
    coalesce(status.is_paying, false) as is_paying,
    coupons.is_mature,
    coupons.is_redeemed_late,
    coupons.is_reminded,
    coupons.is_reminder_effective,
    coupons.is_reminded_on_time,
    coupons.is_unreminded,
    -- Who asked not to be contacted is not reminded.
    coupons.is_reminder_due and dnd.customer_id is null as is_reminder_due,
    coupons.issued_date,
    coupons.reminder_due_date,
    coupons.due_date,
    {{ add_days('coupons.valid_to', -1) }} as last_valid_date,
    coupons.settled_date,
    coupons.issued_at,
    coupons.reminder_at as reminded_at,
    coupons.reminder_effective_at,
    coupons.redeemed_at
from {{ ref('int_loyalty__coupons') }} as coupons
cross join {{ ref('run_context') }} as run_context
left join {{ ref('dim_customer_dnd') }} as dnd
    on coupons.customer_id = dnd.customer_id
    and coalesce(dnd.valid_to, {{ end_of_time('timestamp') }}) >= run_context.as_of_end_at
{{ attributes_as_of('coupons', 'run_context.as_of_date', ['status']) }}
