-- Customers at the end of each month with their attributes on that day, and in the running month on the as-of date.
-- The only dense table: it has the months in which somebody is a customer.
with live as (
    select
        periods.customer_id,
        customer_accounts.source_customer_id,
        customer_accounts.region,
        customer_accounts.acquisition_channel,
        customer_accounts.registered_date,
        periods.tenure_number,
        periods.basis,
        periods.status as customer_status,
        periods.is_paying,
        periods.plan_code,
        periods.is_churn_pending,
        tenures.started_date,
        months.month_date,
        months.month_end_date,
        months.last_date
    from {{ ref('customer_status_periods') }} as periods
    inner join {{ ref('dim_months') }} as months
        on {{ holds_at('periods', 'months.last_date') }}
    inner join {{ ref('customer_tenures') }} as tenures
        on periods.customer_id = tenures.customer_id
        and periods.tenure_number = tenures.tenure_number
    inner join {{ ref('customer_accounts') }} as customer_accounts
        on periods.customer_id = customer_accounts.customer_id
    where periods.is_customer
),

money as (
    {{ mrr_at('live', ['customer_id', 'month_date'], 'live.last_date') }}
),

-- Few pairs of dates meet the bands: a join by ranges sorts its rows, and those of live are many and wide.
ages as (
    select distinct
        registered_date,
        last_date
    from live
),

bands as (
    select
        ages.registered_date,
        ages.last_date,
        tenure_bands.tenure_band
    from ages
    {{ join_tenure_bands('ages.registered_date', 'ages.last_date') }}
)

select
    live.customer_id,
    live.source_customer_id,
    live.tenure_number,
    live.basis,
    case
        when live.customer_status = 'paused' then 'paused'
        when live.started_date < live.month_date then 'active'
        when live.tenure_number = 1 then 'new'
        else 'reactivated'
    end as status,
    live.customer_status,
    live.is_paying,
    usage_segment.segment_code,
    value_segment.segment_code as value_segment_code,
    live.plan_code,
    live.region,
    live.acquisition_channel,
    account_manager.employee_id as owner_id,
    bands.tenure_band,
    cast(case
        when live.basis <> 'contract' then null
        when money.customer_id is null then 0
        else money.mrr
    end as decimal(18, 6)) as mrr,
    cast(case when live.basis = 'contract' then coalesce(money.converted_mrr, 0) end as decimal(18, 6))
        as converted_mrr,
    money.customer_id is not null and money.mrr is null as is_unconverted,
    live.is_churn_pending,
    live.started_date,
    live.month_date,
    live.month_end_date
from live
left join money
    on live.customer_id = money.customer_id
    and live.month_date = money.month_date
{{ attributes_as_of(
    'live', 'live.last_date', ['usage_segment', 'value_segment'], source_customer='source_customer_id'
) }}
{{ account_manager_as_of('live', 'live.last_date', customer='source_customer_id') }}
left join bands
    on live.registered_date = bands.registered_date
    and live.last_date = bands.last_date
