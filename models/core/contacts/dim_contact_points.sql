-- A filled contact point need not be usable: placeholders, dead values and values that many customers share reach
-- nobody (CON-13).
with points as (
    select
        points.contact_point_id,
        points.customer_id,
        points.channel as channel_code,
        points.entered_by_employee_id,
        points.value_hash,
        coalesce(points.is_placeholder, false) as is_placeholder,
        -- A value found dead after the business day was still usable on it.
        case
            when points.invalidated_at >= run_context.as_of_end_at then true
            when points.invalidated_at is not null then false
            else coalesce(points.is_valid, true)
        end as is_valid,
        points.added_at,
        points.invalidated_at
    from {{ ref('stg_crm__contact_points') }} as points
    inner join {{ ref('customer_registrations') }} as registration
        on points.customer_id = registration.customer_id
    inner join {{ ref('run_context') }} as run_context
        on points.added_at is null or points.added_at < run_context.as_of_end_at
),

shared_values as (
    select
        points.channel_code,
        points.value_hash
    from points
    cross join {{ ref('policy') }} as policy
    where points.value_hash is not null
    group by points.channel_code, points.value_hash
    having count(distinct points.customer_id) > max(policy.contact_point_shared_limit)
)

select
    points.contact_point_id,
    points.customer_id,
    points.channel_code,
    points.entered_by_employee_id,
    case
        when points.value_hash is null then 'empty'
        when points.is_placeholder then 'placeholder'
        when not points.is_valid then 'invalid'
        when shared_values.value_hash is not null then 'shared'
    end as unusable_reason,
    points.added_at,
    points.invalidated_at
from points
left join shared_values
    on points.channel_code = shared_values.channel_code
    and points.value_hash = shared_values.value_hash
