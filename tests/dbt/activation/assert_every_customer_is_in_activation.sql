-- Prevents lost customers: exactly the customers registered by the business day and not deleted have a row.
with expected as (
    select customers.customer_id
    from {{ ref('stg_crm__customers') }} as customers
    inner join {{ ref('run_context') }} as run_context
        on customers.registered_date <= run_context.as_of_date
    where customers.deleted_at is null
        or customers.deleted_at >= run_context.as_of_end_at
),

found as (
    select customer_id from {{ ref('mart_activation_customer') }}
)

select
    expected.customer_id as expected_customer_id,
    found.customer_id as found_customer_id
from expected
full outer join found
    on expected.customer_id = found.customer_id
where expected.customer_id is null
    or found.customer_id is null
