-- CON-13: 100 % contact data is the target of the frontline units. Customers without an account manager are listed as
-- `unassigned`, because their data are often the least complete.
with customers as (
    select
        customer_id,
        sum(case when is_required then 1 else 0 end) as required_count,
        sum(case when is_required and has_usable_point then 1 else 0 end) as usable_required_count,
        max(case when channel_code = 'call' and has_usable_point then 1 else 0 end) as has_phone,
        max(case when channel_code = 'email' and has_usable_point then 1 else 0 end) as has_email,
        sum(contact_points_count) as points_count,
        sum(case when contact_points_count > 0 then 1 else 0 end) as filled_count,
        sum(case when contact_points_count > 0 and has_usable_point then 1 else 0 end) as filled_usable_count
    from {{ ref('mart_customer_channels') }}
    -- Without any contact points on record, completeness is unknown.
    where has_access
        and has_usable_point is not null
    group by customer_id
),

joined as (
    select
        customers.*,
        status.customer_status,
        status.is_customer,
        status.unit_name,
        status.owner_employee_id,
        status.segment_code
    from customers
    inner join {{ ref('mart_customer_contact_status') }} as status
        on customers.customer_id = status.customer_id
),

-- The headline is about customers; the dimension `status` has everybody with access.
populations as (
    select
        'all' as population,
        joined.*
    from joined
    where joined.is_customer
    union all
    select
        joined.customer_status as population,
        joined.*
    from joined
),

counted as (
    select
        population as customer_status,
        coalesce(unit_name, 'all') as unit_name,
        coalesce(owner_employee_id, 'all') as owner_employee_id,
        coalesce(segment_code, 'all') as segment_code,
        case
            when population <> 'all' then 'status'
            when grouping(owner_employee_id) = 0 then 'owner'
            when grouping(unit_name) = 0 and grouping(segment_code) = 0 then 'unit_segment'
            when grouping(unit_name) = 0 then 'unit'
            when grouping(segment_code) = 0 then 'segment'
            else 'all'
        end as dimension_name,
        count(*) as customers_count,
        sum(has_phone) as with_phone_count,
        sum(has_email) as with_email_count,
        count(case when required_count > 0 then 1 end) as required_count,
        count(case when required_count > 0 and usable_required_count = required_count then 1 end) as complete_count,
        sum(filled_count) as filled_count,
        sum(filled_usable_count) as filled_usable_count
    from populations
    group by
        grouping sets (
            (population),
            (population, unit_name),
            (population, segment_code),
            (population, unit_name, segment_code),
            (population, unit_name, owner_employee_id)
        )
    having
        population = 'all'
        or (grouping(unit_name) = 1 and grouping(segment_code) = 1)
)

select
    counted.dimension_name,
    counted.customer_status,
    counted.unit_name,
    counted.owner_employee_id,
    counted.segment_code,
    cast(counted.customers_count as bigint) as customers_count,
    cast(counted.with_phone_count as bigint) as with_phone_count,
    cast(counted.with_email_count as bigint) as with_email_count,
    cast(counted.complete_count as bigint) as complete_num,
    cast(counted.required_count as bigint) as complete_den,
    {{ pct('counted.complete_count', 'counted.required_count') }} as complete_pct,
    cast(counted.filled_usable_count as bigint) as usable_num,
    cast(counted.filled_count as bigint) as usable_den,
    {{ pct('counted.filled_usable_count', 'counted.filled_count') }} as usable_pct,
    policy.contact_data_target_pct as target_pct,
    100.0 * counted.complete_count
    >= policy.contact_data_target_pct * nullif(counted.required_count, 0) as is_target_met,
    counted.required_count >= policy.min_reliable_count as is_reliable
from counted
cross join {{ ref('policy') }} as policy
where counted.customers_count > 0
