-- LOY-06. What a customer orders of a product on a day is one supply. It lasts from its delivery, units one after
-- another; the next supply replaces it.
with ordered as (
    select
        order_lines.customer_id,
        order_lines.product_code,
        order_lines.ordered_date,
        case when count(order_lines.quantity) = count(*) then sum(order_lines.quantity) end as units,
        coalesce(max(order_lines.delivered_date), order_lines.ordered_date) as begun_date
    from {{ ref('fct_order_lines') }} as order_lines
    where not order_lines.is_gift
    group by order_lines.customer_id, order_lines.product_code, order_lines.ordered_date
),

lasting as (
    select
        ordered.*,
        products.category_code,
        products.reminder_reason_code,
        lead(ordered.ordered_date) over (
            partition by ordered.customer_id, ordered.product_code order by ordered.ordered_date
        ) as next_ordered_date,
        case
            when ordered.units > 0
                then {{ add_days(
                    'ordered.begun_date', 'cast(floor(ordered.units * products.use_life_days) as integer)'
                ) }}
        end as runs_out_date
    from ordered
    left join {{ ref('products') }} as products
        on ordered.product_code = products.product_code
),

planned as (
    select
        lasting.*,
        greatest(
            {{ add_days('lasting.runs_out_date', '-1 * policy.use_reminder_days') }}, lasting.begun_date
        ) as reminder_due_date,
        {{ add_days('lasting.runs_out_date', 'policy.use_grace_days') }} as outcome_to_date
    from lasting
    cross join {{ ref('policy') }} as policy
    where lasting.runs_out_date is not null
),

reminded as (
    select
        planned.customer_id,
        planned.product_code,
        planned.ordered_date,
        min(contacts.attempted_at) as reminded_at,
        min(contacts.effective_at) as reminder_effective_at
    from planned
    inner join {{ ref('fct_contacts') }} as contacts
        on planned.customer_id = contacts.customer_id
        and planned.reminder_reason_code = contacts.reason_code
        and contacts.direction = 'outbound'
        and contacts.attempted_date > planned.ordered_date
        and contacts.attempted_date <= planned.outcome_to_date
        -- After the next order it is about that one.
        and contacts.attempted_date < coalesce(planned.next_ordered_date, {{ end_of_time('date') }})
    group by planned.customer_id, planned.product_code, planned.ordered_date
)

select
    planned.customer_id,
    planned.product_code,
    planned.category_code,
    planned.units,
    planned.ordered_date,
    planned.next_ordered_date,
    planned.runs_out_date,
    planned.reminder_due_date,
    planned.outcome_to_date,
    reminded.reminded_at,
    reminded.reminder_effective_at
from planned
left join reminded
    on planned.customer_id = reminded.customer_id
    and planned.product_code = reminded.product_code
    and planned.ordered_date = reminded.ordered_date
