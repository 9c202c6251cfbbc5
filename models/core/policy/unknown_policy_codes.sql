-- Codes in raw rows that policy does not know. They never stop a run: its summary names them and how they are treated.
select
    'plan' as code_kind,
    periods.plan_code as unknown_code,
    count(*) as rows_count,
    count(distinct periods.customer_id) as customers_count
from {{ ref('stg_billing__subscription_periods') }} as periods
inner join {{ ref('customer_accounts') }} as customer_accounts
    on periods.customer_id = customer_accounts.source_customer_id
left join {{ ref('plans') }} as known_plans
    on periods.plan_code = known_plans.plan_code
where periods.plan_code is not null
    and known_plans.plan_code is null
group by periods.plan_code
