-- Plan periods known as of the day, with the revenue that is actually paid.
{{ config(materialized='view') }}
select
    periods.period_id,
    periods.customer_id,
    periods.plan_code,
    periods.currency_code,
    -- Trials and pauses bring no revenue.
    case when periods.period_status = 'active' then coalesce(periods.mrr, 0) else cast(0 as decimal(18, 6)) end
        as mrr_amount,
    periods.valid_from,
    periods.valid_to
from {{ ref('stg_billing__subscription_periods') }} as periods
inner join {{ ref('run_context') }} as run_context
    on periods.valid_from <= run_context.as_of_date
