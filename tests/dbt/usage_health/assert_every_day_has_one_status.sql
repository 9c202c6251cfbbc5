-- Prevents gaps and overlaps in the history of a status, except while the customer was churned, and customers on whom
-- the two marts differ.
with followed as (
    select
        customer_id,
        valid_to,
        lead(valid_from) over (partition by customer_id order by valid_from) as next_from
    from {{ ref('mart_usage_health_history') }}
),

open_ones as (
    select
        customer_id,
        health_status
    from {{ ref('mart_usage_health_history') }}
    where valid_to is null
)

select
    'gap or overlap' as fault,
    followed.customer_id
from followed
left join {{ ref('customer_access_periods') }} as access_gaps
    on followed.customer_id = access_gaps.customer_id
    and followed.valid_to = access_gaps.valid_from
    and followed.next_from = access_gaps.valid_to
    and not access_gaps.has_access
where followed.next_from is not null
    and access_gaps.customer_id is null
    and coalesce(followed.valid_to, {{ end_of_time('date') }}) <> followed.next_from
union all
select
    'marts disagree' as fault,
    coalesce(health.customer_id, open_ones.customer_id) as customer_id
from {{ ref('mart_usage_health') }} as health
full outer join open_ones
    on health.customer_id = open_ones.customer_id
where health.customer_id is null
    or open_ones.customer_id is null
    or health.health_status <> open_ones.health_status
