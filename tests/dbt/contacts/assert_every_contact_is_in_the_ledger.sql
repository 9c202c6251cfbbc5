-- Prevents lost or duplicated contacts: all contacts of every counted customer are in the facts.
with expected as (
    select count(*) as contacts_count
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join {{ ref('run_context') }} as run_context
        on contacts.attempted_date <= run_context.as_of_date
    inner join {{ ref('dim_customers') }} as customers
        on contacts.customer_id = customers.customer_id
),

found as (
    select count(*) as contacts_count
    from {{ ref('fct_contacts') }}
)

select
    expected.contacts_count as expected_count,
    found.contacts_count as found_count
from expected
cross join found
where expected.contacts_count <> found.contacts_count
