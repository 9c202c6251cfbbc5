{% set cuts = {
    'segment': 'segment_code',
    'channel': 'acquisition_channel',
    'region': 'region',
    'activation': 'activation_state',
} %}
-- What registration cohorts have brought by the end of each month since: comparable at equal age.
with members as (
    select
        entries.customer_id,
        entries.segment_code,
        entries.acquisition_channel,
        entries.region,
        -- In time or not at all: whoever activated years later had stayed to do so.
        case
            when {{ days_between('entries.entered_date', 'activations.entered_date') }}
                <= {{ threshold('activation_window_long_days') }} then 'activated'
            else 'not_activated'
        end as activation_state,
        {{ period_start('month', 'entries.entered_date') }} as cohort_month
    from {{ ref('int_retention__entries') }} as entries
    left join {{ ref('int_retention__entries') }} as activations
        on entries.customer_id = activations.customer_id
        and activations.cohort_kind = 'activation'
    where entries.cohort_kind = 'registration'
),

months as (
    select
        dim_dates.month_start_date,
        {{ period_number('month', 'dim_dates.month_start_date') }} as month_number,
        {{ period_number('month', business_date('max(run_context.as_of_end_at)')) }}
        > {{ period_number('month', 'dim_dates.month_start_date') }} as is_complete
    from {{ ref('dim_dates') }} as dim_dates
    cross join {{ ref('run_context') }} as run_context
    group by dim_dates.month_start_date
),

payments as (
    select
        members.*,
        {{ period_start('month', 'payments.paid_date') }} as paid_month,
        payments.reporting_amount,
        payments.is_refund,
        row_number() over (
            partition by payments.customer_id order by payments.is_refund, payments.paid_at, payments.payment_id
        ) as choice
    from {{ ref('int_retention__payments') }} as payments
    inner join members
        on payments.customer_id = members.customer_id
    -- A payment from before the registration is of period 0 of nobody; there is no such month in the cohort.
    where payments.paid_date >= members.cohort_month
),

counted as (
    select
        {{ cut_columns(cuts) }},
        cohort_month,
        paid_month,
        sum(reporting_amount) as amount,
        count(case when choice = 1 and not is_refund then 1 end) as new_payers_count
    from payments
    group by {{ cut_sets(cuts, ['cohort_month', 'paid_month']) }}
),

cohorts as (
    select
        {{ cut_columns(cuts) }},
        cohort_month,
        count(*) as cohort_size_count
    from members
    group by {{ cut_sets(cuts, ['cohort_month']) }}
),

known as (
    select count(*) > 0 as is_paid_known
    from {{ ref('int_retention__payments') }}
),

followed as (
    select
        cohorts.*,
        months.month_start_date as observed_month,
        months.is_complete,
        months.month_number - {{ period_number('month', 'cohorts.cohort_month') }} as months_since,
        coalesce(counted.amount, 0) as revenue_amount,
        sum(coalesce(counted.amount, 0)) over cohort_months as revenue_to_date_amount,
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
)

select
    dimension_name,
    dimension_value,
    cast(months_since as bigint) as months_since_start_count,
    cast(cohort_size_count as bigint) as cohort_size_count,
    cast(payers_count as bigint) as paying_num,
    cast(cohort_size_count as bigint) as paying_den,
    {{ pct('payers_count', 'cohort_size_count') }} as paying_pct,
    cast(revenue_amount as decimal(18, 2)) as revenue_amount,
    cast(revenue_to_date_amount as decimal(18, 2)) as revenue_to_date_amount,
    cast(revenue_to_date_amount * {{ threshold('gross_margin_pct') }} / 100.0 / cohort_size_count as double) as ltv_avg,
    is_complete,
    cohort_size_count >= {{ threshold('min_reliable_count') }} as is_reliable,
    cohort_month,
    observed_month
from followed
