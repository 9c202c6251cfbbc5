-- The next renewal of each customer after the business day, according to the contracts in force (USE-22).
select
    periods.customer_id,
    min(periods.renewal_date) as renewal_date
from {{ ref('stg_billing__subscription_periods') }} as periods
inner join {{ ref('run_context') }} as run_context
    on {{ holds_at('periods', 'run_context.as_of_date') }}
    and periods.renewal_date >= run_context.as_of_date
group by periods.customer_id
