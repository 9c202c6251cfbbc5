-- Periods that are known as of the day, with the revenue that is really paid in them.
{{ config(materialized='view') }}
select
    periods.period_id,
    periods.customer_id,
    periods.plan_code,
    -- Trials and pauses bring nothing. Revenue in a foreign currency is not measurable here.
    case
        when periods.period_status <> 'active' then cast(0 as decimal(18, 2))
        when periods.currency = '{{ var("reporting_currency") }}' then coalesce(periods.mrr, 0)
    end as mrr_amount,
    periods.valid_from,
    periods.valid_to
from {{ ref('stg_billing__subscription_periods') }} as periods
inner join {{ ref('run_context') }} as run_context
    on periods.valid_from <= run_context.as_of_date
