-- LOY-01. The reminder of a coupon is the one that its row names, else the contact that the row names, else the first
-- contact with the reason of its programme around the planned day.
with coupons as (
    select
        coupons.*,
        programs.kind as program_kind,
        programs.reminder_reason_code,
        {{ add_days('coupons.due_date', '-1 * programs.reminder_lead_days') }} as reminder_due_date,
        policy.reminder_tolerance_days,
        run_context.as_of_date
    from {{ ref('fct_coupons') }} as coupons
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    left join {{ ref('loyalty_programs') }} as programs
        on coupons.program_code = programs.program_code
),

found as (
    select
        coupons.coupon_id,
        contacts.attempted_at,
        contacts.effective_at,
        row_number() over (
            partition by coupons.coupon_id
            order by
                case when contacts.contact_id = coupons.reminder_contact_id then 0 else 1 end,
                contacts.attempted_at,
                contacts.contact_id
        ) as choice
    from coupons
    inner join {{ ref('fct_contacts') }} as contacts
        on coupons.customer_id = contacts.customer_id
        and contacts.direction = 'outbound'
        and contacts.attempted_at >= coupons.issued_at
        and (
            contacts.contact_id = coupons.reminder_contact_id
            or (
                contacts.reason_code = coupons.reminder_reason_code
                and contacts.attempted_date >= {{ add_days(
                    'coupons.reminder_due_date', '-1 * coupons.reminder_tolerance_days'
                ) }}
                and contacts.attempted_date <= coupons.due_date
            )
        )
    where coupons.reminded_at is null
),

reminded as (
    select
        coupons.*,
        coalesce(coupons.reminded_at, found.attempted_at) as sent_at,
        case when coupons.reminded_at is null then found.effective_at else coupons.reminder_reached_at end as reached_at
    from coupons
    left join found
        on coupons.coupon_id = found.coupon_id
        and found.choice = 1
),

-- A reminder of a coupon that is already used is none.
dated as (
    select
        *,
        case when redeemed_at is null or redeemed_at > sent_at then sent_at end as reminder_at,
        case when redeemed_at is null or redeemed_at > sent_at then reached_at end as reminder_effective_at,
        coalesce(valid_to, {{ add_days('due_date', 1) }}) as settled_date
    from reminded
)

select
    coupon_id,
    customer_id,
    program_code,
    program_kind,
    campaign_code,
    order_id,
    reporting_amount,
    discount_pct,
    case
        when redeemed_at is not null then 'redeemed'
        when valid_to <= as_of_date then 'expired'
        else 'open'
    end as coupon_state,
    -- Early redemptions are known before late ones, so a coupon counts in rates when all of its time is over.
    coalesce(settled_date <= as_of_date, false) as is_mature,
    coalesce(redeemed_date >= settled_date, false) as is_redeemed_late,
    reminder_at is not null as is_reminded,
    reminder_effective_at is not null as is_reminder_effective,
    case
        when reminder_at is not null
            then abs({{ days_between('reminder_due_date', business_date('reminder_at')) }}) <= reminder_tolerance_days
    end as is_reminded_on_time,
    -- Nobody reminds customers who came before the planned day, so they are compared with nobody.
    reminder_at is null and coalesce(reminder_due_date <= as_of_date, false)
    and coalesce(redeemed_date > reminder_due_date, true) as is_unreminded,
    reminder_at is null and redeemed_at is null and coalesce(reminder_due_date <= as_of_date, false)
    and coalesce(valid_to > {{ add_days('as_of_date', 1) }}, true) as is_reminder_due,
    issued_date,
    due_date,
    valid_to,
    reminder_due_date,
    settled_date,
    issued_at,
    reminder_at,
    reminder_effective_at,
    redeemed_at
from dated
