-- How much of a month's purchases is made by regular customers, and what they buy.
with counted as (
    select
        customer_id,
        {{ period_start('month', 'purchased_date') }} as paid_month,
        count(*) as purchases_count,
        count(reporting_amount) as converted_count,
        sum(reporting_amount) as amount
    from {{ ref('fct_purchases') }}
    group by customer_id, {{ period_start('month', 'purchased_date') }}
),

followed as (
    select
        counted.*,
        customer_accounts.source_customer_id,
        -- Deleted accounts have no row of registration, but the segment of that day.
        coalesce(registration.registration_segment_code, usage_segment.segment_code, 'unassigned') as segment_code,
        customer_accounts.registered_date,
        customer_accounts.registered_date < {{ observed_from('payments', 'measured_from') }} as is_truncated,
        -- As of the end of the month: a later purchase does not change an earlier month.
        sum(counted.purchases_count) over (
            partition by counted.customer_id
            order by counted.paid_month
            rows between unbounded preceding and current row
        ) as purchases_to_date_count
    from counted
    inner join {{ ref('customer_accounts') }} as customer_accounts
        on counted.customer_id = customer_accounts.customer_id
    left join {{ ref('customer_registrations') }} as registration
        on customer_accounts.source_customer_id = registration.customer_id
    {{ attributes_as_of(
        'customer_accounts', 'customer_accounts.registered_date', ['usage_segment'], customer='source_customer_id'
    ) }}
),

classified as (
    select
        followed.*,
        followed.purchases_to_date_count >= policy.regular_min_purchases as is_regular
    from followed
    cross join {{ ref('policy') }} as policy
),

broken_down as (
    {{ breakdowns_with_attributes(
        'classified', {'segment': 'segment_code'}, 'registered_date', customer='source_customer_id'
    ) }}
),

mixed as (
    select
        dimension_name,
        dimension_value,
        paid_month,
        count(*) as active_count,
        count(case when is_regular then 1 end) as regular_count,
        count(case when is_truncated and not is_regular then 1 end) as doubtful_count,
        sum(amount) as amount,
        {{ converted_sum('amount', 'is_regular') }} as regular_amount,
        sum(purchases_count) as purchases_count,
        sum(purchases_count) - sum(converted_count) as unconverted_count,
        sum(converted_count) as converted_count,
        sum(case when is_regular then converted_count else 0 end) as regular_converted_count,
        coalesce(sum(case when is_regular then purchases_count end), 0) as regular_purchases_count
    from broken_down
    group by paid_month, dimension_name, dimension_value
),

found_values as (
    select
        dimension_name,
        dimension_value,
        min(paid_month) as first_month
    from mixed
    group by dimension_name, dimension_value
),

months as (
    select
        dim_dates.month_start_date as observed_month,
        {{ is_over('month', 'dim_dates.month_start_date', 'max(run_context.as_of_date)') }} as is_complete
    from {{ ref('dim_dates') }} as dim_dates
    cross join {{ ref('run_context') }} as run_context
    group by dim_dates.month_start_date
)

select
    found_values.dimension_name,
    found_values.dimension_value,
    cast(coalesce(mixed.regular_count, 0) as bigint) as regular_num,
    cast(coalesce(mixed.active_count, 0) as bigint) as regular_den,
    {{ pct('mixed.regular_count', 'mixed.active_count') }} as regular_pct,
    {{ wilson_pct('mixed.regular_count', 'mixed.active_count', 'lo') }} as regular_ci_lo,
    {{ wilson_pct('mixed.regular_count', 'mixed.active_count', 'hi') }} as regular_ci_hi,
    cast(coalesce(mixed.doubtful_count, 0) as bigint) as doubtful_count,
    cast(coalesce(mixed.unconverted_count, 0) as bigint) as unconverted_count,
    cast(case when mixed.paid_month is null then 0 else mixed.amount end as decimal(18, 2)) as purchases_amount,
    cast(case when mixed.paid_month is null then 0 else mixed.regular_amount end as decimal(18, 2))
        as regular_purchases_amount,
    {{ pct('mixed.regular_amount', 'mixed.amount') }} as regular_revenue_pct,
    cast(coalesce(mixed.purchases_count, 0) as bigint) as purchases_count,
    cast(coalesce(mixed.regular_purchases_count, 0) as bigint) as regular_purchases_count,
    cast(1.0 * mixed.amount / nullif(mixed.converted_count, 0) as {{ type_double() }}) as check_avg,
    cast(1.0 * mixed.regular_amount / nullif(mixed.regular_converted_count, 0) as {{ type_double() }})
        as regular_check_avg,
    cast(mixed.regular_purchases_count / nullif(1.0 * mixed.regular_count, 0) as {{ type_double() }})
        as regular_purchases_avg,
    -- Of an earlier month some purchases are not known.
    months.is_complete
    and coalesce(months.observed_month >= {{ observed_from('payments') }}, false)
    and coalesce(mixed.unconverted_count, 0) = 0 as is_complete,
    {{ is_reliable('coalesce(mixed.active_count, 0)') }} as is_reliable,
    months.observed_month
from found_values
inner join months
    on found_values.first_month <= months.observed_month
left join mixed
    on found_values.dimension_name = mixed.dimension_name
    and found_values.dimension_value = mixed.dimension_value
    and months.observed_month = mixed.paid_month
