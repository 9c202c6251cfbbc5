{{ config(materialized=inlined('view')) }}
-- Customers to be reminded, as periods of days: a coupon whose reminder is due, and what runs out. Several at one time
-- are one condition.
with conditions as (
    select
        customer_id,
        'coupon_due' as signal_code,
        'A coupon is due soon and nobody reminded the customer' as reason,
        greatest(reminder_due_date, issued_date) as valid_from,
        least({{ business_date('reminder_at') }}, {{ business_date('redeemed_at') }}, valid_to) as valid_to
    from {{ ref('int_loyalty__coupons') }}
    where reminder_due_date is not null
    union all
    select
        customer_id,
        'supply_due' as signal_code,
        'What the customer bought runs out and nobody reminded them' as reason,
        reminder_due_date as valid_from,
        -- At the close of its last day the time for a reminder is over.
        least({{ business_date('reminded_at') }}, next_ordered_date, outcome_to_date) as valid_to
    from {{ ref('int_loyalty__supplies') }}
),

held as (
    select conditions.*
    from conditions
    cross join {{ ref('run_context') }} as run_context
    where conditions.valid_from <= run_context.as_of_date
        and coalesce(conditions.valid_to, {{ end_of_time('date') }}) > conditions.valid_from
),

merged as (
    {{ merged_periods('held', ['customer_id', 'signal_code'], {'reason': 'min(reason)'}) }}
)

select
    merged.customer_id,
    merged.signal_code,
    cast(null as {{ type_double() }}) as observed_value,
    cast(null as {{ type_double() }}) as expected_value,
    'low' as severity,
    merged.reason,
    case when dnd.customer_id is not null then 'do_not_disturb' end as suppressed_by,
    merged.valid_from,
    -- A day that is still to come is not an end: the condition holds as of the business day.
    case when merged.valid_to <= run_context.as_of_date then merged.valid_to end as valid_to
from merged
cross join {{ ref('run_context') }} as run_context
left join {{ ref('dim_customer_dnd') }} as dnd
    on merged.customer_id = dnd.customer_id
    and {{ business_date('dnd.valid_from') }} <= merged.valid_from
    and coalesce({{ business_date('dnd.valid_to') }}, {{ end_of_time('timestamp') }}) > merged.valid_from
