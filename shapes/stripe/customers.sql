-- Customers of Stripe. The id that your other tools know goes into the metadata of the customer as `customer_id`.
-- Left out: further Stripe customers of an account.
select
    coalesce(metadata ->> 'customer_id', id) as customer_id,
    name as display_name,
    unix_moment(created) as registered_at,
    address ->> 'country' as region,
    address ->> 'city' as city,
    livemode = 'false' as is_test,
    'stripe' as source_system,
    _file,
    _line
from {{ export('stripe/customers*', text=true, rows='data', latest='id',
               columns=['address', 'livemode', 'metadata', 'name']) }}
-- Several customers with the id of one account: the first of them registered it.
qualify row_number() over (partition by coalesce(metadata ->> 'customer_id', id) order by created, id) = 1
