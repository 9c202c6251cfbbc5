{{ changed_keys(
    {'customer_id': 'customer_id'},
    [{'relation': 'stg_crm__customer_segments', 'as_of': 'valid_from'}],
) }}
with memberships as (
    {{ successive_periods(
        ref('stg_crm__customer_segments'),
        ['customer_id', 'scheme'],
        ['segment_code'],
        scope=rows_to_build()
    ) }}
)

select
    memberships.customer_id,
    memberships.scheme,
    memberships.segment_code,
    memberships.valid_from,
    memberships.valid_to
from memberships
-- An unknown segment ends the one before it and leaves the customer without one.
inner join {{ ref('segments') }} as segments
    on memberships.scheme = segments.scheme
    and memberships.segment_code = segments.segment_code
