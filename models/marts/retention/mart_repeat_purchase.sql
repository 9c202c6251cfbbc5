-- From one purchase to the next. Everything that a customer buys on one day is one purchase here.
with days as (
    select distinct
        customer_id,
        purchased_date as paid_date
    from {{ ref('fct_purchases') }}
),

numbered as (
    select
        days.customer_id,
        days.paid_date,
        lead(days.paid_date) over (partition by days.customer_id order by days.paid_date) as next_paid_date,
        min(days.paid_date) over (partition by days.customer_id) as first_paid_date,
        row_number() over (partition by days.customer_id order by days.paid_date) as purchase_number
    from days
),

steps as (
    select
        customer_accounts.source_customer_id,
        numbered.first_paid_date,
        coalesce(usage_segment.segment_code, registration.registration_segment_code, 'unassigned') as segment_code,
        {{ period_start('month', 'numbered.first_paid_date') }} as first_purchase_month,
        numbered.purchase_number + 1 as purchase_number,
        {{ days_between('numbered.paid_date', 'numbered.next_paid_date') }} as days_between_purchases,
        {{ days_between('numbered.paid_date', 'run_context.as_of_date') }}
        >= policy.repeat_purchase_window_days as is_mature
    from numbered
    -- Only customers whose beginnings are seen: of others the first purchase seen may be the tenth.
    inner join {{ ref('customer_accounts') }} as customer_accounts
        on numbered.customer_id = customer_accounts.customer_id
        and customer_accounts.registered_date >= {{ observed_from('payments', 'measured_from') }}
    left join {{ ref('customer_registrations') }} as registration
        on customer_accounts.source_customer_id = registration.customer_id
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    {{ attributes_as_of(
        'customer_accounts', 'numbered.first_paid_date', ['usage_segment'], customer='source_customer_id'
    ) }}
    where numbered.purchase_number < policy.repeat_purchase_max_order
),

broken_down as (
    {{ breakdowns_with_attributes(
        'steps', {'segment': 'segment_code'}, 'first_paid_date', customer='source_customer_id'
    ) }}
)

select
    steps.dimension_name,
    steps.dimension_value,
    cast(steps.purchase_number as bigint) as purchase_order,
    cast(count(steps.days_between_purchases) as bigint) as reached_num,
    cast(count(*) as bigint) as reached_den,
    {{ pct('count(steps.days_between_purchases)', 'count(*)') }} as reached_pct,
    cast(count(case
        when steps.is_mature and steps.days_between_purchases <= policy.repeat_purchase_window_days then 1
    end) as bigint) as within_window_num,
    cast(count(case when steps.is_mature then 1 end) as bigint) as within_window_den,
    {{ pct(
        'count(case when steps.is_mature
            and steps.days_between_purchases <= policy.repeat_purchase_window_days then 1 end)',
        'count(case when steps.is_mature then 1 end)'
    ) }} as within_window_pct,
    cast(count(case when not steps.is_mature then 1 end) as bigint) as pending_count,
    cast(percentile_cont(0.5) within group (order by steps.days_between_purchases) as {{ type_double() }})
        as median_between_days,
    count(case when not steps.is_mature then 1 end) = 0 as is_complete,
    count(case when steps.is_mature then 1 end) >= max(policy.min_reliable_count) as is_reliable,
    steps.first_purchase_month
from broken_down as steps
cross join {{ ref('policy') }} as policy
group by steps.first_purchase_month, steps.purchase_number, steps.dimension_name, steps.dimension_value
