-- Prevents different populations in contacts and churn: the customers at the end of a month are the same, except for
-- deleted accounts, whose contacts are deleted with them.
{{ config(group='contacts') }}
with contacts as (
    select
        customer_id,
        contact_month,
        customer_status
    from {{ ref('int_contacts__month_ends') }}
    where is_customer
        and is_at_month_end
),

customers as (
    select
        month_ends.customer_id,
        month_ends.month_date,
        month_ends.customer_status
    from {{ ref('dim_customer_month_end') }} as month_ends
    inner join {{ ref('dim_customers') }} as dim_customers
        on month_ends.customer_id = dim_customers.customer_id
    where month_ends.month_date >= (select min(contacts.contact_month) from contacts)
)

select
    coalesce(contacts.customer_id, customers.customer_id) as customer_id,
    coalesce(contacts.contact_month, customers.month_date) as contact_month,
    contacts.customer_status as contacts_status,
    customers.customer_status
from contacts
full outer join customers
    on contacts.customer_id = customers.customer_id
    and contacts.contact_month = customers.month_date
where coalesce(contacts.customer_status, '') <> coalesce(customers.customer_status, '')
