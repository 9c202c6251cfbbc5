with registered as (
    select
        customers.customer_id,
        customers.is_test,
        customers.deleted_at
    from {{ source('crm', 'customers') }} as customers
    inner join {{ ref('run_context') }} as run_context
        on cast({{ business_time('customers.registered_at') }} as date) <= run_context.as_of_date
)

select
    'test_account' as exclusion_rule,
    count(case when is_test then 1 end) as excluded_customers_count,
    count(*) as registered_customers_count
from registered
union all
select
    'deleted' as exclusion_rule,
    count(case
        when not is_test and {{ business_time('deleted_at') }} < (select as_of_end_at from {{ ref('run_context') }}) then 1
    end) as excluded_customers_count,
    count(*) as registered_customers_count
from registered
