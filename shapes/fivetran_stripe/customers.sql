-- Customers of Stripe as Fivetran lands them. The id that your other tools know is `customer_id` of the metadata.
-- Left out: deleted customers, and further Stripe customers of an account.
select
    coalesce(metadata ->> 'customer_id', id) as customer_id,
    name as display_name,
    created as registered_at,
    address_country as region,
    address_city as city,
    livemode = 'false' as is_test,
    'stripe' as source_system,
    _file,
    _line
from {{ export('fivetran_stripe/customer/*', text=true, latest='id', columns=[
    'address_city', 'address_country', 'is_deleted', 'livemode', 'metadata', 'name'
]) }}
where coalesce(is_deleted, 'false') <> 'true'
-- Several customers with the id of one account: the first of them registered it.
qualify row_number() over (partition by coalesce(metadata ->> 'customer_id', id) order by created, id) = 1
