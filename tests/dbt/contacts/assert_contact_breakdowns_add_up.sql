-- Prevents dimensions that lose or double customers: the parts of a dimension must add up to all. The dimension
-- `status` has everybody with access, which is at least all customers.
with frequency as (
    select
        contact_month,
        dimension_name,
        sum(customers_count) as customers_count,
        sum(in_target_num) as in_target_count,
        sum(in_target_den) as eligible_count
    from {{ ref('mart_contact_norms') }}
    group by contact_month, dimension_name
)

select
    frequency.contact_month,
    frequency.dimension_name
from frequency
inner join frequency as wholes
    on frequency.contact_month = wholes.contact_month
    and wholes.dimension_name = 'all'
where frequency.customers_count < wholes.customers_count
    or frequency.in_target_count < wholes.in_target_count
    or frequency.eligible_count < wholes.eligible_count
    or (
        frequency.dimension_name <> 'status'
        and (
            frequency.customers_count > wholes.customers_count
            or frequency.in_target_count > wholes.in_target_count
            or frequency.eligible_count > wholes.eligible_count
        )
    )
