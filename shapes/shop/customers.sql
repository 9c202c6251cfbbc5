-- Customers of a shop. The id is that of the shop; join your own register where you have one.
select
    id as customer_id,
    nullif(concat_ws(' ', first_name, last_name), '') as display_name,
    created_at as registered_at,
    'b2c' as customer_type,
    default_address ->> 'country_code' as region,
    default_address ->> 'city' as city,
    'shop' as source_system,
    _file,
    _line
from {{ export('shop/customers*.json*', rows='customers', latest='id',
               columns=['default_address', 'first_name', 'last_name']) }}
