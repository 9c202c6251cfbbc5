-- Trials and what followed them. A change of plan within a trial does not end it. The first tenure that begins from the
-- trial on, and before the next trial, is its conversion, also after a gap.
with starts as (
    select
        customer_id,
        to_plan_code as plan_code,
        moved_date as started_date,
        lead(moved_date) over (partition by customer_id order by moved_date) as next_started_date
    from {{ ref('int_churn__plan_moves') }}
    where to_kind_code = 'trial'
        and from_kind_code <> 'trial'
),

ends as (
    select
        customer_id,
        to_kind_code,
        moved_date as ended_date
    from {{ ref('int_churn__plan_moves') }}
    where from_kind_code = 'trial'
        and to_kind_code <> 'trial'
),

conversions as (
    select
        starts.customer_id,
        starts.started_date,
        min(tenures.started_date) as paid_date
    from starts
    inner join {{ ref('customer_tenures') }} as tenures
        on starts.customer_id = tenures.customer_id
        and starts.started_date <= tenures.started_date
        and coalesce(starts.next_started_date, {{ end_of_time('date') }}) > tenures.started_date
    inner join {{ ref('run_context') }} as run_context
        on tenures.started_date <= run_context.as_of_date
    group by starts.customer_id, starts.started_date
),

followed as (
    select
        starts.customer_id,
        customer_accounts.source_customer_id,
        starts.plan_code,
        coalesce(customer_accounts.region, 'unknown') as region,
        coalesce(customer_accounts.acquisition_channel, 'unknown') as acquisition_channel,
        ends.to_kind_code,
        conversions.paid_date,
        {{ days_between('starts.started_date', 'conversions.paid_date') }} as days_to_paid,
        -- Who has not converted can do so until the next trial, the deletion or today.
        {{ days_between(
            'starts.started_date',
            'least(run_context.as_of_date, starts.next_started_date, customer_accounts.deleted_date)'
        ) }} as followed_days,
        {{ days_between('starts.started_date', 'run_context.as_of_date') }} >= policy.trial_conversion_days
            as is_mature,
        starts.started_date,
        ends.ended_date,
        policy.trial_conversion_days
    from starts
    inner join {{ ref('customer_accounts') }} as customer_accounts
        on starts.customer_id = customer_accounts.customer_id
    cross join {{ ref('run_context') }} as run_context
    cross join {{ ref('policy') }} as policy
    left join ends
        on starts.customer_id = ends.customer_id
        and starts.started_date < ends.ended_date
        and coalesce(starts.next_started_date, {{ end_of_time('date') }}) >= ends.ended_date
    left join conversions
        on starts.customer_id = conversions.customer_id
        and starts.started_date = conversions.started_date
)

select
    followed.customer_id,
    followed.source_customer_id,
    coalesce(followed.plan_code, 'none') as plan_code,
    coalesce(usage_segment.segment_code, 'unassigned') as segment_code,
    followed.region,
    followed.acquisition_channel,
    case
        when followed.paid_date is not null then 'converted'
        when followed.ended_date is null then 'running'
        when followed.to_kind_code = 'free' then 'free'
        else 'expired'
    end as outcome_code,
    followed.days_to_paid,
    coalesce(followed.days_to_paid, followed.followed_days) as observed_days,
    followed.is_mature,
    followed.is_mature and coalesce(followed.days_to_paid <= followed.trial_conversion_days, false)
        as is_converted_in_window,
    followed.started_date,
    {{ period_start('month', 'followed.started_date') }} as started_month,
    followed.ended_date,
    {{ period_start('month', 'followed.ended_date') }} as ended_month,
    followed.paid_date
from followed
{{ attributes_as_of('followed', 'followed.started_date', ['usage_segment'], source_customer='source_customer_id') }}
