-- Every churn known as of the business day, with what was true of the customer on the last day before it and the terms
-- of the contract that ended. Where several end on the day, the most informative one counts.
with last_slices as (
    select
        tenures.customer_id,
        tenures.tenure_number,
        slices.plan_code,
        slices.end_kind,
        slices.end_reason_code,
        max(slices.cancel_requested_at) over (
            partition by tenures.customer_id, tenures.tenure_number
        ) as cancel_requested_at,
        row_number() over (
            partition by tenures.customer_id, tenures.tenure_number
            order by
                case when slices.end_reason_code is null then 1 else 0 end asc,
                case when slices.end_kind is null then 1 else 0 end asc,
                slices.mrr desc nulls last,
                slices.period_id asc
        ) as choice
    from {{ ref('customer_tenures') }} as tenures
    inner join {{ ref('subscription_status_periods') }} as slices
        on tenures.customer_id = slices.customer_id
        and tenures.churned_date = slices.to_date
        and slices.is_coverage
    where tenures.basis = 'contract'
),

losses as (
    select
        customer_id,
        tenure_number,
        -- One part without an exchange rate makes the whole value unknown.
        case when count(*) = count(converted_mrr_change) then -sum(converted_mrr_change) end as mrr_lost,
        count(*) as changes_count
    from {{ ref('fct_mrr_changes') }}
    where movement = 'churned'
    group by customer_id, tenure_number
),

events as (
    select
        tenures.customer_id,
        customer_accounts.source_customer_id,
        customer_accounts.region,
        customer_accounts.acquisition_channel,
        customer_accounts.registered_date,
        tenures.tenure_number,
        tenures.basis,
        last_slices.plan_code,
        tenures.is_deleted,
        last_slices.end_reason_code,
        case
            when tenures.basis = 'contract' and losses.changes_count is null then 0
            when tenures.basis = 'contract' then losses.mrr_lost
        end as mrr_lost,
        last_slices.end_kind,
        tenures.started_date,
        tenures.churned_date,
        tenures.recognised_date,
        tenures.reactivated_date,
        last_slices.cancel_requested_at
    from {{ ref('customer_tenures') }} as tenures
    inner join {{ ref('customer_accounts') }} as customer_accounts
        on tenures.customer_id = customer_accounts.customer_id
    left join last_slices
        on tenures.customer_id = last_slices.customer_id
        and tenures.tenure_number = last_slices.tenure_number
        and last_slices.choice = 1
    left join losses
        on tenures.customer_id = losses.customer_id
        and tenures.tenure_number = losses.tenure_number
    where tenures.churned_date is not null
)

select
    events.customer_id,
    events.source_customer_id,
    events.tenure_number,
    events.basis,
    usage_segment.segment_code,
    value_segment.segment_code as value_segment_code,
    events.plan_code,
    events.region,
    events.acquisition_channel,
    account_manager.employee_id as owner_id,
    tenure_bands.tenure_band,
    status.status as customer_status,
    status.is_paying,
    case when events.is_deleted then '{{ deleted_reason() }}' else events.end_reason_code end as end_reason_code,
    cast(events.mrr_lost as decimal(18, 2)) as mrr_lost,
    {{ days_between('events.started_date', 'events.churned_date') }} as tenure_days,
    case
        when events.is_deleted then true
        when events.end_kind is not null then events.end_kind = 'voluntary'
        when events.cancel_requested_at is not null then true
    end as is_voluntary,
    events.started_date,
    events.churned_date,
    {{ period_start('month', 'events.churned_date') }} as churned_month,
    events.recognised_date,
    events.reactivated_date,
    events.cancel_requested_at,
    -- The decision is the cancellation request, else the end itself; later contacts come too late.
    coalesce(
        case
            when {{ business_date('events.cancel_requested_at') }} <= events.churned_date
                then events.cancel_requested_at
        end,
        {{ day_start_at('events.churned_date') }}
    ) as decided_at
from events
{{ attributes_as_of(
    'events',
    add_days('events.churned_date', -1),
    ['status', 'usage_segment', 'value_segment'],
    source_customer='source_customer_id'
) }}
{{ account_manager_as_of('events', add_days('events.churned_date', -1), customer='source_customer_id') }}
{{ join_tenure_bands('events.registered_date', add_days('events.churned_date', -1)) }}
