with registered as (
    select
        customers.customer_id,
        customers.is_test,
        {{ utc_moment('customers.deleted_at') }} < run_context.as_of_end_at as is_deleted
    from {{ source('crm', 'customers') }} as customers
    inner join {{ ref('run_context') }} as run_context
        on {{ business_date(utc_moment('customers.registered_at')) }} <= run_context.as_of_date
)

select
    'test_account' as exclusion_rule,
    count(case when is_test then 1 end) as excluded_customers_count,
    count(*) as registered_customers_count
from registered
union all
select
    'deleted' as exclusion_rule,
    count(case when is_deleted and not is_test then 1 end) as excluded_customers_count,
    count(*) as registered_customers_count
from registered
