-- LOY-03, LOY-04, LOY-05. Groups are formed on the landmark day, so that nobody is a member because they stayed.
with landmark as (
    select
        run_context.as_of_date,
        {{ add_days('run_context.as_of_date', '-1 * policy.repeat_purchase_window_days') }} as landmark_date
    from {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
),

customers as (
    select
        status.customer_id,
        landmark.as_of_date,
        landmark.landmark_date,
        case when later.is_customer then 1 else 0 end as is_retained
    from landmark
    inner join {{ ref('customer_status_periods') }} as status
        on {{ holds_at('status', 'landmark.landmark_date') }}
        and status.status in ('paying', 'paused')
    -- The entries and orders of a deleted account are deleted too, so nobody knows whether it was a member.
    inner join {{ ref('customer_status_periods') }} as later
        on status.customer_id = later.customer_id
        and {{ holds_at('later', 'landmark.as_of_date') }}
        and later.status <> 'deleted'
),

orders as (
    select
        customers.customer_id,
        max(case when order_lines.ordered_date <= customers.landmark_date then 1 else 0 end) as has_ordered,
        max(case when order_lines.ordered_date > customers.landmark_date then 1 else 0 end) as is_ordering,
        count(distinct case when order_lines.ordered_date > customers.landmark_date then order_lines.ordered_date end)
            as orders_count
    from customers
    inner join {{ ref('fct_order_lines') }} as order_lines
        on customers.customer_id = order_lines.customer_id
        and not order_lines.is_gift
    group by customers.customer_id
),

programs as (
    select distinct
        program_code,
        program_kind
    from {{ ref('fct_loyalty_entries') }}
),

members as (
    select distinct
        entries.program_code,
        entries.customer_id
    from {{ ref('fct_loyalty_entries') }} as entries
    inner join landmark
        on entries.occurred_date <= landmark.landmark_date
    where coalesce(entries.program_kind, 'unassigned') <> 'club'
    union all
    select distinct
        memberships.program_code,
        memberships.customer_id
    from {{ ref('int_loyalty__memberships') }} as memberships
    inner join landmark
        on memberships.started_date <= landmark.landmark_date
        and memberships.ended_date > landmark.landmark_date
    inner join programs
        on memberships.program_code = programs.program_code
        and programs.program_kind = 'club'
),

observed as (
    select
        programs.program_code as subject_code,
        case when members.customer_id is not null then 'member' else 'non_member' end as group_code,
        customers.is_retained,
        orders.has_ordered,
        orders.is_ordering,
        orders.orders_count
    from programs
    cross join customers
    left join members
        on programs.program_code = members.program_code
        and customers.customer_id = members.customer_id
    left join orders
        on customers.customer_id = orders.customer_id
),

counted as (
    select
        'membership' as comparison_code,
        subject_code,
        group_code,
        'retained' as outcome_code,
        sum(is_retained) as outcome_num,
        count(*) as outcome_den,
        cast(null as {{ type_double() }}) as orders_avg
    from observed
    group by subject_code, group_code
    union all
    -- Only customers who had ordered before: members of a programme of purchases all have.
    select
        'membership' as comparison_code,
        subject_code,
        group_code,
        'ordered' as outcome_code,
        sum(is_ordering) as outcome_num,
        count(*) as outcome_den,
        1.0 * sum(orders_count) / count(*) as orders_avg
    from observed
    where has_ordered = 1
    group by subject_code, group_code
    union all
    select
        'gift' as comparison_code,
        'second_purchase' as subject_code,
        group_code,
        'third_order' as outcome_code,
        sum(third_order_count) as outcome_num,
        count(third_order_count) as outcome_den,
        cast(null as {{ type_double() }}) as orders_avg
    from {{ ref('mart_second_purchases') }}
    where third_order_count is not null
    group by group_code
),

bounded as (
    select
        *,
        {{ pct('outcome_num', 'outcome_den') }} as outcome_pct,
        {{ wilson_pct('outcome_num', 'outcome_den', 'lo') }} as outcome_ci_lo,
        {{ wilson_pct('outcome_num', 'outcome_den', 'hi') }} as outcome_ci_hi,
        {{ is_reliable('outcome_den') }} as is_reliable,
        case group_code when 'member' then 'non_member' when 'given' then 'not_given' end as reference_group_code
    from counted
)

select
    own.comparison_code,
    own.subject_code,
    own.group_code,
    own.outcome_code,
    own.reference_group_code,
    cast(own.outcome_num as bigint) as outcome_num,
    cast(own.outcome_den as bigint) as outcome_den,
    own.outcome_pct,
    own.outcome_ci_lo,
    own.outcome_ci_hi,
    cast(own.outcome_pct - reference.outcome_pct as {{ type_double() }}) as difference_pp,
    {{ newcombe_pp('own.outcome', 'reference.outcome', 'lo') }} as difference_ci_lo,
    {{ newcombe_pp('own.outcome', 'reference.outcome', 'hi') }} as difference_ci_hi,
    cast(own.orders_avg as {{ type_double() }}) as orders_avg,
    own.is_reliable,
    -- Customers choose to be members, and nobody draws lots about gifts.
    true as is_confounded,
    case when own.comparison_code = 'membership' then landmark.landmark_date end as landmark_date
from bounded as own
cross join landmark
left join bounded as reference
    on own.comparison_code = reference.comparison_code
    and own.subject_code = reference.subject_code
    and own.outcome_code = reference.outcome_code
    and own.reference_group_code = reference.group_code
