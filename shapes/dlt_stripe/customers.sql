-- Customers of Stripe as dlt lands them. The id that your other tools know is `customer_id` of the metadata.
-- Left out: further Stripe customers of an account.
select
    coalesce(metadata__customer_id, id) as customer_id,
    name as display_name,
    unix_moment(created) as registered_at,
    address__country as region,
    address__city as city,
    livemode = 'false' as is_test,
    'stripe' as source_system,
    _file,
    _line
from {{ export('dlt_stripe/customer/*', text=true, latest='id', columns=[
    'address__city', 'address__country', 'livemode', 'metadata__customer_id', 'name'
]) }}
-- Several customers with the id of one account: the first of them registered it.
qualify row_number() over (partition by coalesce(metadata__customer_id, id) order by created, id) = 1
