-- LOY-05. Groups are formed when the gift is due, so that nobody is in one because of what they did later.
with days as (
    select distinct
        customer_id,
        ordered_date
    from {{ ref('fct_order_lines') }}
    where not is_gift
),

numbered as (
    select
        customer_id,
        ordered_date,
        row_number() over (partition by customer_id order by ordered_date) as order_number
    from days
),

orders as (
    select
        customer_id,
        min(case when order_number = 1 then ordered_date end) as first_order_date,
        min(case when order_number = 2 then ordered_date end) as second_order_date,
        min(case when order_number = 3 then ordered_date end) as third_order_date,
        count(*) as orders_count
    from numbered
    group by customer_id
    having count(*) >= 2
),

due as (
    select
        orders.*,
        {{ add_days('orders.second_order_date', 'policy.gift_due_days') }} as gift_due_date,
        {{ add_days('orders.second_order_date', 'policy.repeat_purchase_window_days') }} as outcome_to_date
    from orders
    cross join {{ ref('policy') }} as policy
),

gifts as (
    select
        due.customer_id,
        min(order_lines.ordered_date) as given_date
    from due
    inner join {{ ref('fct_order_lines') }} as order_lines
        on due.customer_id = order_lines.customer_id
        and order_lines.is_gift
        and order_lines.ordered_date >= due.second_order_date
        and order_lines.ordered_date < coalesce(due.third_order_date, {{ end_of_time('date') }})
    group by due.customer_id
),

dated as (
    select
        due.*,
        gifts.given_date,
        coalesce(gifts.given_date <= due.gift_due_date, false) as is_on_time,
        -- The business day on which the gift is due must be over, and the third order not be there yet.
        due.gift_due_date <= run_context.as_of_date
        and coalesce(due.third_order_date > due.gift_due_date, true) as is_comparable,
        due.outcome_to_date <= run_context.as_of_date as is_mature,
        run_context.as_of_date
    from due
    cross join {{ ref('run_context') }} as run_context
    left join gifts
        on due.customer_id = gifts.customer_id
)

select
    dated.customer_id,
    coalesce(status.status, 'registered') as customer_status,
    case
        when dated.is_on_time then 'given'
        when dated.given_date is not null then 'given_late'
        when dated.third_order_date is not null then 'third_order'
        when dated.gift_due_date > dated.as_of_date then 'due'
        else 'missed'
    end as gift_state,
    case when dated.is_comparable then case when dated.is_on_time then 'given' else 'not_given' end end as group_code,
    cast(dated.orders_count as bigint) as orders_count,
    cast({{ days_between('dated.first_order_date', 'dated.second_order_date') }} as bigint) as to_second_days,
    cast({{ days_between('dated.second_order_date', 'dated.third_order_date') }} as bigint) as to_third_days,
    cast(case
        when dated.is_comparable and dated.is_mature
            then case when dated.third_order_date <= dated.outcome_to_date then 1 else 0 end
    end as bigint) as third_order_count,
    coalesce(status.is_paying, false) as is_paying,
    dated.is_mature,
    dated.given_date is null and dated.third_order_date is null and dated.gift_due_date > dated.as_of_date
    and dnd.customer_id is null as is_gift_due,
    -- Nobody draws lots about who gets a gift.
    true as is_confounded,
    dated.first_order_date,
    dated.second_order_date,
    dated.gift_due_date,
    dated.given_date as gift_date,
    dated.third_order_date,
    {{ period_start('month', 'dated.second_order_date') }} as second_order_month
from dated
cross join {{ ref('run_context') }} as run_context
left join {{ ref('dim_customer_dnd') }} as dnd
    on dated.customer_id = dnd.customer_id
    and coalesce(dnd.valid_to, {{ end_of_time('timestamp') }}) >= run_context.as_of_end_at
{{ attributes_as_of('dated', 'dated.second_order_date', ['status']) }}
