{% set dimensions = {
    'segment': 'segment_code',
    'channel': 'acquisition_channel',
    'region': 'region',
    'activation': 'activation_state',
} %}
-- What registration cohorts have paid in cash by the end of each month since: comparable at equal age.
with members as (
    select
        customer_accounts.customer_id,
        customer_accounts.source_customer_id,
        customer_accounts.registered_date,
        coalesce(usage_segment.segment_code, registration.registration_segment_code, 'unassigned') as segment_code,
        coalesce(customer_accounts.acquisition_channel, 'unknown') as acquisition_channel,
        coalesce(customer_accounts.region, 'unknown') as region,
        -- Activated in time or not at all: customers who activate years later have been retained first.
        case
            when customer_accounts.deleted_date is not null then 'unknown'
            when {{ days_between('customer_accounts.registered_date', 'activations.entered_date') }}
                <= policy.activation_window_long_days then 'activated'
            else 'not_activated'
        end as activation_state,
        {{ period_start('month', 'customer_accounts.registered_date') }} as cohort_month
    from {{ ref('customer_accounts') }} as customer_accounts
    left join {{ ref('customer_registrations') }} as registration
        on customer_accounts.source_customer_id = registration.customer_id
    left join {{ ref('int_retention__entries') }} as activations
        on customer_accounts.customer_id = activations.customer_id
        and activations.cohort_kind = 'activation'
    cross join {{ ref('policy') }} as policy
    {{ attributes_as_of(
        'customer_accounts', 'customer_accounts.registered_date', ['usage_segment'], customer='source_customer_id'
    ) }}
    -- Cohorts of money need the payments to be recorded, not the use.
    where customer_accounts.registered_date >= {{ observed_from('payments', 'measured_from') }}
),

months as (
    select
        dim_dates.month_start_date,
        {{ period_number('month', 'dim_dates.month_start_date') }} as month_number,
        {{ is_over('month', 'dim_dates.month_start_date', 'max(run_context.as_of_date)') }} as is_complete
    from {{ ref('dim_dates') }} as dim_dates
    cross join {{ ref('run_context') }} as run_context
    group by dim_dates.month_start_date
),

-- Money is of the month in which it moves, a customer pays from the first purchase on.
moved as (
    select
        payments.customer_id,
        payments.reporting_amount,
        true as is_payment,
        payments.paid_date as moved_date
    from {{ ref('fct_cash_movements') }} as payments
    union all
    select
        purchases.customer_id,
        null as reporting_amount,
        false as is_payment,
        min(purchases.purchased_date) as moved_date
    from {{ ref('fct_purchases') }} as purchases
    inner join members
        on purchases.customer_id = members.customer_id
        and purchases.purchased_date >= members.cohort_month
    group by purchases.customer_id
),

payments as (
    select
        members.*,
        moved.reporting_amount,
        moved.is_payment,
        {{ period_start('month', 'moved.moved_date') }} as paid_month
    from moved
    inner join members
        on moved.customer_id = members.customer_id
    -- What was paid before the month of registration belongs to no month of the cohort.
    where moved.moved_date >= members.cohort_month
),

broken_down_payments as (
    {{ breakdowns_with_attributes('payments', dimensions, 'registered_date', customer='source_customer_id') }}
),

broken_down_members as (
    {{ breakdowns_with_attributes('members', dimensions, 'registered_date', customer='source_customer_id') }}
),

counted as (
    select
        dimension_name,
        dimension_value,
        cohort_month,
        paid_month,
        count(case when is_payment then 1 end) as payments_count,
        count(reporting_amount) as converted_count,
        sum(reporting_amount) as amount,
        count(case when not is_payment then 1 end) as new_payers_count
    from broken_down_payments
    group by dimension_name, dimension_value, cohort_month, paid_month
),

cohorts as (
    select
        dimension_name,
        dimension_value,
        cohort_month,
        count(*) as cohort_size_count
    from broken_down_members
    group by dimension_name, dimension_value, cohort_month
),

known as (
    select count(*) > 0 as is_paid_known
    from {{ ref('fct_cash_movements') }}
),

followed as (
    select
        cohorts.*,
        months.month_start_date as observed_month,
        months.is_complete,
        months.month_number - {{ period_number('month', 'cohorts.cohort_month') }} as months_since,
        coalesce(counted.payments_count, 0) as payments_count,
        coalesce(counted.converted_count, 0) as converted_count,
        counted.amount,
        sum(coalesce(counted.payments_count, 0)) over cohort_months as payments_to_date_count,
        sum(coalesce(counted.converted_count, 0)) over cohort_months as converted_to_date_count,
        sum(counted.amount) over cohort_months as to_date_amount,
        sum(coalesce(counted.new_payers_count, 0)) over cohort_months as payers_count
    from cohorts
    inner join months
        on cohorts.cohort_month <= months.month_start_date
    cross join known
    left join counted
        on cohorts.dimension_name = counted.dimension_name
        and cohorts.dimension_value = counted.dimension_value
        and cohorts.cohort_month = counted.cohort_month
        and months.month_start_date = counted.paid_month
    -- Without any payment loaded, nothing is known of value: no rows instead of zeros.
    where known.is_paid_known
    window cohort_months as (
        partition by cohorts.dimension_name, cohorts.dimension_value, cohorts.cohort_month
        order by months.month_start_date
        rows between unbounded preceding and current row
    )
),

-- Months without payments brought nothing, months whose payments have no rate an unknown amount.
valued as (
    select
        *,
        case when payments_count = 0 then 0 else amount end as revenue_amount,
        case when payments_to_date_count = 0 then 0 else to_date_amount end as revenue_to_date_amount,
        payments_to_date_count - converted_to_date_count as unconverted_count
    from followed
)

select
    valued.dimension_name,
    valued.dimension_value,
    cast(valued.months_since as bigint) as months_since_start_count,
    cast(valued.cohort_size_count as bigint) as cohort_size_count,
    cast(valued.payers_count as bigint) as paying_num,
    cast(valued.cohort_size_count as bigint) as paying_den,
    {{ pct('valued.payers_count', 'valued.cohort_size_count') }} as paying_pct,
    cast(valued.unconverted_count as bigint) as unconverted_count,
    cast(valued.revenue_amount as decimal(18, 2)) as revenue_amount,
    cast(valued.revenue_to_date_amount as decimal(18, 2)) as revenue_to_date_amount,
    cast(
        valued.revenue_to_date_amount * policy.gross_margin_pct / 100.0 / valued.cohort_size_count
        as {{ type_double() }}
    ) as ltv_avg,
    valued.is_complete and valued.unconverted_count = 0 as is_complete,
    valued.cohort_size_count >= policy.min_reliable_count as is_reliable,
    valued.cohort_month,
    valued.observed_month
from valued
cross join {{ ref('policy') }} as policy
