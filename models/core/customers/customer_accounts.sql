-- All customers registered by the business day. Deleted accounts keep their contract history under a surrogate id, so
-- that a deletion changes no closed month. Joins with raw rows use source_customer_id.
with accounts as (
    select
        customers.customer_id as source_customer_id,
        customers.region,
        customers.acquisition_channel,
        customers.registered_date,
        case when customers.deleted_at < run_context.as_of_end_at then {{ business_date('customers.deleted_at') }} end
            as deleted_date
    from {{ ref('stg_crm__customers') }} as customers
    inner join {{ ref('run_context') }} as run_context
        on customers.registered_date <= run_context.as_of_date
)

select
    case
        when deleted_date is null then source_customer_id
        else 'deleted-' || {{ dbt.hash('source_customer_id') }}
    end as customer_id,
    source_customer_id,
    region,
    acquisition_channel,
    registered_date,
    deleted_date
from accounts
