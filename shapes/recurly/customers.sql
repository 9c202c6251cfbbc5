-- Accounts of Recurly. You choose the code of an account: use its id in your product.
select
    code as customer_id,
    coalesce(company, nullif(concat_ws(' ', first_name, last_name), '')) as display_name,
    created_at as registered_at,
    address ->> 'country' as region,
    address ->> 'city' as city,
    deleted_at,
    updated_at as ingested_at,
    'recurly' as source_system,
    _file,
    _line
from {{ export('recurly/accounts*.json*', rows='data', latest='id', columns=[
    'address', 'company', 'deleted_at', 'first_name', 'last_name'
]) }}
