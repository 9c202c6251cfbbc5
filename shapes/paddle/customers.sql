-- Customers of Paddle Billing. The id that your other tools know goes into `custom_data` as `customer_id`.
-- Left out: further Paddle customers of an account.
select
    coalesce(custom_data ->> 'customer_id', id) as customer_id,
    name as display_name,
    created_at as registered_at,
    updated_at as ingested_at,
    'paddle' as source_system,
    _file,
    _line
from {{ export('paddle/customers*.json*', rows='data', latest='id', columns=['custom_data', 'name']) }}
-- Several customers with the id of one account: the first of them registered it.
qualify row_number() over (partition by coalesce(custom_data ->> 'customer_id', id) order by created_at, id) = 1
