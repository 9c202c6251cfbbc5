-- Customers of Chargebee. Chargebee lets you choose the id of a customer: use that of your account.
-- Left out: deleted customers.
select
    customer ->> 'id' as customer_id,
    coalesce(
        customer ->> 'company', nullif(concat_ws(' ', customer ->> 'first_name', customer ->> 'last_name'), '')
    ) as display_name,
    unix_moment(customer ->> 'created_at') as registered_at,
    customer ->> '$.billing_address.country' as region,
    customer ->> '$.billing_address.city' as city,
    unix_moment(customer ->> 'updated_at') as ingested_at,
    'chargebee' as source_system,
    _file,
    _line
from {{ export('chargebee/customers*.json*', rows='list') }}
-- Of the newest export: an older one may still have a customer who is deleted now.
qualify row_number() over (partition by customer ->> 'id' order by _exported_at desc, _file desc, _line desc) = 1
    and coalesce(customer ->> 'deleted', 'false') = 'false'
